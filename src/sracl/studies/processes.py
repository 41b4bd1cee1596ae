"""Runs a study's tasks, so many at a time, each in a process of its own, so that none can harm another."""

import multiprocessing
import os
import time
from collections.abc import Sequence
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, Protocol

from filelock import FileLock, Timeout

from sracl.config import TrainingConfig
from sracl.studies.worker import Task, work

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext, SpawnContext

PAUSE = 0.2
"""Seconds between looks at the processes."""


class Watcher(Protocol):
    """Is told how a study goes."""

    def on_start(self, task: Task) -> None:
        """A run begins, or goes on from its checkpoint."""

    def on_end(self, task: Task, error: str | None) -> None:
        """A run is done, or failed with an error."""

    def on_pause(self, running: Sequence[Task]) -> None:
        """Nothing has changed for a moment."""


def slots_of(training: TrainingConfig, jobs: int | None) -> list[str | None]:
    """Where runs go, an entry for each that may run at a time: a GPU as CUDA_VISIBLE_DEVICES names it, or None.

    jobs: how many; None takes one a GPU, or one a processor core. More than there are GPUs share them.
    """
    gpus = _gpus() if training.device in ("auto", "cuda") else []
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    count = jobs or len(gpus) or (1 if training.device == "mps" else cores)
    return [gpus[place % len(gpus)] if gpus else None for place in range(count)]


def _gpus() -> list[str]:
    import torch

    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    names = visible.split(",") if visible else [str(number) for number in range(torch.cuda.device_count())]
    return names[: torch.cuda.device_count()]


class Pool:
    """Processes that make runs, one a slot. Leaving the block ends those that are left."""

    def __init__(self, slots: Sequence[str | None]) -> None:
        self.free = list(slots)
        self._running: list[tuple[Task, str | None, BaseProcess]] = []
        self._context = _context()

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *_: object) -> None:
        for task in self.running:
            self.stop(task)

    @property
    def running(self) -> list[Task]:
        """The tasks whose processes have not been found ended."""
        return [task for task, _, _ in self._running]

    def start(self, task: Task) -> None:
        """Begin a run in a free slot."""
        task.error.unlink(missing_ok=True)
        slot = self.free.pop(0)
        # Daemons are ended with the process that started them.
        process = self._context.Process(target=work, args=(task, slot), name=task.label, daemon=True)
        process.start()
        self._running.append((task, slot, process))

    def ended(self) -> list[tuple[Task, str | None]]:
        """The tasks that ended since this was last asked, with the error of those that failed."""
        found = [(task, process.exitcode) for task, _, process in self._running if process.exitcode is not None]
        for task, _ in found:
            self._forget(task)
        return [(task, _error_of(task, code)) for task, code in found]

    def stop(self, task: Task) -> None:
        """End a run; its folder stays as it is, with its last checkpoint."""
        process = self._forget(task)
        process.terminate()
        process.join()

    def _forget(self, task: Task) -> BaseProcess:
        place = self.running.index(task)
        _, slot, process = self._running.pop(place)
        self.free.append(slot)
        return process


def run_tasks(tasks: Sequence[Task], slots: Sequence[str | None], watcher: Watcher) -> dict[str, str]:
    """Make all tasks' runs; returns the errors of those that failed, by key. One that another study makes waits."""
    waiting, errors = list(tasks), dict[str, str]()
    with Pool(slots) as pool:
        while waiting or pool.running:
            while pool.free and (task := _startable(waiting)):
                waiting.remove(task)
                pool.start(task)
                watcher.on_start(task)
            ended = pool.ended()
            for task, error in ended:
                if error is not None:
                    errors[task.key] = error
                watcher.on_end(task, error)
            if not ended:
                watcher.on_pause(pool.running)
                time.sleep(PAUSE)
    return errors


def _context() -> "ForkServerContext | SpawnContext":
    """Fresh processes; where the system can fork a small server, it imports the slow parts once for all of them."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["torch", "lightning_fabric"])
    return context


def _startable(waiting: Sequence[Task]) -> Task | None:
    """The first task that no other study's process is making."""
    return next((task for task in waiting if _free(task)), None)


def _free(task: Task) -> bool:
    try:
        with FileLock(task.place.lock(task.key), timeout=0):
            return True
    except Timeout:
        return False


def _error_of(task: Task, code: int) -> str | None:
    if code == 0:
        return None
    if task.error.exists():
        return task.error.read_text(encoding="utf-8")
    why = f"signal {-code}, such as for want of memory" if code < 0 else f"exit code {code}"
    return f"its process ended with {why}; see {task.log}"
