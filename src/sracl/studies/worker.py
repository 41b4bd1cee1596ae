"""One run of a study, in a process of its own: from a configuration to a record."""

import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import parent_process
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

from filelock import FileLock

import sracl
from sracl.config import RunConfig
from sracl.errors import SraclError
from sracl.studies.place import Place


@dataclass(frozen=True)
class Task:
    """A run of a study's variant.

    key, settings: as `identity` gives them. config: its run_dir is the run's folder in `place`. baseline: what is
    evaluated instead of a trained model. shared: the folder of artefacts it reads. keep: leave the run's folder.
    test: whether the test targets are ranked too; a search for settings must not see them.
    """

    key: str
    variant: str
    config: RunConfig
    settings: dict[str, Any]
    baseline: str | None
    place: Place
    shared: Path
    keep: bool = False
    test: bool = True

    @property
    def label(self) -> str:
        """What it is called where people read."""
        return f"{self.variant}, seed {self.config.seed}"

    @property
    def error(self) -> Path:
        """Where a failed run says why."""
        return self.config.run_dir / "error.txt"

    @property
    def log(self) -> Path:
        """What the run says while it goes on."""
        return self.config.run_dir / "run.log"


def work(task: Task, gpu: str | None) -> None:
    """Make a run and keep its record: what the process does. Ends with exit code 1 where it fails.

    gpu: what CUDA_VISIBLE_DEVICES shall say; None leaves it as it is.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _end_with_parent()
    if gpu is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = gpu
    task.config.run_dir.mkdir(parents=True, exist_ok=True)
    with _output_to(task.log), FileLock(task.place.lock(task.key)):
        # Another study in the same folder may have made it meanwhile.
        if task.place.records.find(task.key) is None:
            try:
                make(task)
            except Exception as error:
                traceback.print_exc()
                told = str(error) if isinstance(error, SraclError) else f"{type(error).__name__}: {error}"
                task.error.write_text(" ".join(told.split()), encoding="utf-8")
                sys.exit(1)


def make(task: Task) -> None:
    """Train (going on from a checkpoint where there is one), evaluate, keep the record."""
    # The process is told which device is its own before anything asks for one.
    import torch

    from sracl.pipeline.display import Display
    from sracl.pipeline.run import Run
    from sracl.pipeline.sharing import adopt

    torch.set_num_threads(task.config.training.threads or 1)
    run = Run(task.config, Display(), overwrite=True)
    adopt(run, task.shared)
    run.up_to("embed" if task.baseline else "remember")
    _keep_record(task, run)


def _keep_record(task: Task, run: Any) -> None:
    import torch

    from sracl.evaluation.evaluate import evaluate
    from sracl.pipeline.measuring import progress_of, scorer_of
    from sracl.studies.records import Record, ranks_of
    from sracl.training.devices import device_and_precision

    cutoffs = run.config.evaluation.measured_cutoffs
    scorer = scorer_of(run, task.baseline)
    validation = evaluate(scorer, run.measured_split, "validation", cutoffs)
    test = evaluate(scorer, run.measured_split, "test", cutoffs) if task.test else None
    progress = None if task.baseline else progress_of(run)
    record = Record(
        key=task.key,
        seed=run.config.seed,
        settings=task.settings,
        validation=_rounded(validation.kept),
        validation_unseen=_rounded(validation.unseen),
        test=_rounded(test.kept) if test else {},
        test_unseen=_rounded(test.unseen) if test else {},
        seconds=round(progress.seconds, 1) if progress else 0.0,
        epochs=progress.epoch if progress else 0,
        best_epoch=progress.best_epoch if progress else 0,
        made={
            "sracl": sracl.__version__,
            "torch": torch.__version__,
            "device": " ".join(device_and_precision(run.config.training)),
        },
    )
    task.place.records.put(record, ranks_of(test) if test else None)


def _rounded(metrics: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 6) for name, value in metrics.items()}


@contextmanager
def _output_to(path: Path) -> Iterator[None]:
    """Send everything that this process says to a file, what libraries in other languages say included."""
    with path.open("a", encoding="utf-8") as file:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
            os.dup2(file.fileno(), stream.fileno())
        yield
        sys.stdout.flush()
        sys.stderr.flush()


def _end_with_parent() -> None:
    """End this process when the study's does, however that ends: nobody else would look after it."""
    parent = parent_process()
    assert parent is not None, "a run of a study is a child of the study's process"

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
