"""A connection to Ray: to the cluster that RAY_ADDRESS names, or to one on this machine that ends with it."""

import logging
import os
import socket
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sracl.cores import usable_cores
from sracl.errors import InputError, SraclError

ADDRESS = "RAY_ADDRESS"
LOCAL = "local"
"""Ray's word for a new cluster on this machine."""
CONNECT_SECONDS = 10.0


def require_ray() -> Any:
    """The package `ray`. Raises SraclError where it is not installed."""
    # Read when the package is imported. Nothing is reported to Ray's makers, and a cluster on this machine, whose ports
    # are open to the network, asks for a token.
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    if not os.environ.get(ADDRESS):
        os.environ.setdefault("RAY_AUTH_MODE", "token")
    try:
        import ray
    except ImportError as error:
        raise SraclError("engine: ray needs the package ray: pip install 'sracl[ray]'") from error
    return ray


@contextmanager
def ray_session(cpus: int) -> Iterator[None]:
    """Connected to Ray while the block lasts. cpus: what a cluster on this machine counts at least.

    A connection that this process has already is used and left as it is. A cluster on this machine has no dashboard,
    and all its processes end with the block, or soon after this process where that is killed. Raises InputError where
    nobody answers at RAY_ADDRESS.
    """
    ray = require_ray()
    if ray.is_initialized():
        yield
        return
    address = os.environ.get(ADDRESS) or LOCAL
    _check(address)
    mine = {"include_dashboard": False, "num_cpus": max(cpus, usable_cores())} if address == LOCAL else {}
    try:
        ray.init(address=address, logging_level=logging.ERROR, log_to_driver=False, **mine)
    except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        told = " ".join(str(error).split())[:200]
        if address == LOCAL:
            raise SraclError(f"Ray does not start on this machine: {told}") from error
        raise InputError(f"no Ray cluster answers at {ADDRESS}={address} ({told})") from error
    try:
        yield
    finally:
        ray.shutdown()


def _check(address: str) -> None:
    """Raise InputError where nobody listens at `HOST:PORT`, which Ray itself would try for minutes."""
    if "://" in address:
        raise InputError(f"{ADDRESS}={address} must be HOST:PORT or auto; run sracl on a machine of the cluster")
    host, _, port = address.rpartition(":")
    if not port.isdecimal():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise InputError(
            f"no Ray cluster answers at {ADDRESS}={address} ({error}); start one with `ray start --head`, or unset it"
        ) from error


def ray_data() -> Any:
    """The package `ray.data`, silenced: no bars and no lines of its own beside ours."""
    with warnings.catch_warnings():
        # Its own settings warn of each other where they are filled in.
        warnings.simplefilter("ignore", DeprecationWarning)
        import ray.data

        context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    return ray.data
