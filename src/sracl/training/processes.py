"""Runs a training in several processes of this machine, and lets a watcher here see it."""

import importlib.util
import logging
import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.multiprocessing.spawn import ProcessExitedException, ProcessRaisedException

from sracl.errors import InputError, SraclError
from sracl.training.watching import Silent, Watcher

if TYPE_CHECKING:
    from multiprocessing.queues import SimpleQueue

    from lightning_fabric import Fabric

Message = tuple[str, tuple[Any, ...]] | None
"""A watcher's method with its arguments, or `failed` with a message; None: no more comes."""


def in_processes(
    fabric: "Fabric", work: Callable[..., object], watcher: Watcher, threads: int, objective: nn.Module, *rest: Any
) -> None:
    """Call `work(fabric, watcher, objective, *rest)` in each of `fabric`'s processes, each with so many `threads`.

    What the first process tells its watcher reaches `watcher` here. Raises SraclError with the message of the one that
    a process raised, or where a process ended by itself, and InputError where another process could not import the
    backbone.
    """
    _check_importable(type(getattr(objective, "backbone", objective)))
    channel = torch.multiprocessing.get_context("spawn").SimpleQueue()
    failures: list[str] = []
    relay = threading.Thread(target=_relay, args=(channel, watcher, failures), daemon=True)
    relay.start()
    try:
        # All in one: Fabric looks into the arguments that it is given, and takes no frozen dataclass.
        started = partial(_one, objective=objective, rest=rest, work=work, channel=channel, threads=threads)
        fabric.launch(started)
    except (ProcessRaisedException, ProcessExitedException) as error:
        channel.put(None)
        relay.join()
        if failures:
            raise SraclError(failures[0]) from None
        raise SraclError(f"a training process ended by itself ({str(error).strip().splitlines()[-1]})") from error
    finally:
        channel.put(None)
        relay.join()


def _one(
    fabric: "Fabric",
    objective: nn.Module,
    rest: tuple[Any, ...],
    work: Callable[..., object],
    channel: "SimpleQueue[Message]",
    threads: int,
) -> None:
    """What each process does."""
    torch.set_num_threads(threads)
    # The loop's own words are for the watcher.
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    watcher = _Sender(channel) if fabric.is_global_zero else Silent()
    # Tensors travel in memory that the processes share, and each updates weights of its own.
    for tensor in (*objective.parameters(), *objective.buffers()):
        tensor.data = tensor.data.clone()
    try:
        work(fabric, watcher, objective, *rest)
    except SraclError as error:
        channel.put(("failed", (str(error),)))
        # The message is read where the processes were started; a traceback here would be printed between.
        os._exit(1)


class _Sender:
    """Tells a watcher in another process."""

    def __init__(self, channel: "SimpleQueue[Message]") -> None:
        self.channel = channel

    def on_step(self, epoch: int, targets: int, parts: Mapping[str, float]) -> None:
        """Tell of a step."""
        self.channel.put(("on_step", (epoch, targets, dict(parts))))

    def on_epoch(self, record: dict[str, Any]) -> None:
        """Tell of an epoch."""
        self.channel.put(("on_epoch", (record,)))


def _relay(channel: "SimpleQueue[Message]", watcher: Watcher, failures: list[str]) -> None:
    while (message := channel.get()) is not None:
        name, arguments = message
        if name == "failed":
            failures.append(str(arguments[0]))
        else:
            getattr(watcher, name)(*arguments)


def _check_importable(backbone: type) -> None:
    if importlib.util.find_spec(backbone.__module__.partition(".")[0]) is None:
        raise InputError(
            f"other processes cannot import {backbone.__name__} from its file; put it into an installed package, "
            "or set training.processes to 1"
        )


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder for what the processes leave to one another, deleted afterwards."""
    with tempfile.TemporaryDirectory(prefix="sracl-") as folder:
        yield Path(folder)
