"""MLflow's store of runs: everything that touches MLflow's client, with errors in a line."""

import logging
import os
import socket
import time
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sracl.errors import InputError, SraclError

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

A_REQUEST = 100
"""Settings or metrics that MLflow is given at once."""
LONGEST_VALUE = 6000
"""Characters of a setting that MLflow keeps; `config.yaml`, which it is given too, has all."""
PATIENCE = 5.0
"""Seconds that a server has to answer the door. MLflow's own client tries for minutes."""


def connect(address: str, experiment: str) -> "Store":
    """The store at a tracking URI, with the experiment of this name, which is made where it is missing.

    Raises InputError where MLflow is not installed, SraclError where the store cannot be reached.
    """
    # MLflow would report to its makers that it is used.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from mlflow.tracking import MlflowClient
    except ImportError as error:
        raise InputError(
            f"tracking.mlflow is set, but MLflow is not installed ({error.name}): pip install 'sracl[mlflow]'"
        ) from error
    # What it says of tables that it makes is no user's business.
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    with _explained(address):
        return Store(MlflowClient(tracking_uri=address), address, experiment)


class Store:
    """Runs of one experiment at one address. Every method raises SraclError where the store cannot be reached."""

    def __init__(self, client: "MlflowClient", address: str, experiment: str) -> None:
        self.client, self.address, self.experiment = client, address, experiment
        known = client.get_experiment_by_name(experiment)
        if known is None:
            try:
                self.number = client.create_experiment(experiment)
                return
            except Exception:
                # Another program may have made it meanwhile.
                known = client.get_experiment_by_name(experiment)
                if known is None:
                    raise
        self.number = known.experiment_id

    def begin_run(self, name: str, tags: Mapping[str, str]) -> str:
        """Begin a run; returns its id."""
        with _explained(self.address):
            return str(self.client.create_run(self.number, run_name=name, tags=dict(tags)).info.run_id)

    def go_on(self, run_id: str, settings: Mapping[str, str]) -> None:
        """Mark a run as running; a run without settings is told them, one with settings keeps those it began with."""
        from mlflow.entities import Param

        with _explained(self.address):
            if not self.client.get_run(run_id).data.params:
                params = [Param(name, value[:LONGEST_VALUE]) for name, value in settings.items()]
                for first in range(0, len(params), A_REQUEST):
                    self.client.log_batch(run_id, params=params[first : first + A_REQUEST])
            self.client.update_run(run_id, status="RUNNING")

    def put_metrics(self, run_id: str, values: Mapping[str, float], step: int) -> None:
        """Add metrics at a step."""
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        with _explained(self.address):
            metrics = [Metric(name, float(value), now, step) for name, value in values.items()]
            for first in range(0, len(metrics), A_REQUEST):
                self.client.log_batch(run_id, metrics=metrics[first : first + A_REQUEST])

    def put_new_metrics(self, run_id: str, values: Mapping[str, float], step: int) -> None:
        """Add those metrics whose last value is another."""
        with _explained(self.address):
            known = self.client.get_run(run_id).data.metrics
        self.put_metrics(run_id, {name: value for name, value in values.items() if known.get(name) != value}, step)

    def steps(self, run_id: str, metric: str) -> set[int]:
        """The steps at which a metric has a value."""
        with _explained(self.address):
            return {value.step for value in self.client.get_metric_history(run_id, metric)}

    def put_files(self, run_id: str, paths: Iterable[Path]) -> None:
        """Give files, which replace earlier ones of the same names."""
        with _explained(self.address):
            for path in paths:
                self.client.log_artifact(run_id, str(path))

    def end(self, run_id: str, status: str) -> None:
        """End a run as `FINISHED`, `FAILED` or `KILLED`."""
        with _explained(self.address):
            self.client.set_terminated(run_id, status)


@contextmanager
def _explained(address: str) -> Iterator[None]:
    try:
        with warnings.catch_warnings():
            # What MLflow does with its own dependencies is no user's business either.
            warnings.simplefilter("ignore")
            _knock(address)
            yield
    except Exception as error:  # MLflow and the stores behind it raise what they like
        told = str(error).strip().splitlines() or [type(error).__name__]
        raise SraclError(f"MLflow at {address} cannot be used ({told[0][:200]}); see tracking.mlflow") from error


def _knock(address: str) -> None:
    """Raise OSError where nobody listens at a server's address."""
    parts = urlsplit(address)
    if parts.scheme in ("http", "https") and parts.hostname:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        with socket.create_connection((parts.hostname, port), timeout=PATIENCE):
            pass
