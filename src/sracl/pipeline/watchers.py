"""What becomes of a training's progress: a bar, a line an epoch, `log.jsonl`, TensorBoard, MLflow."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.progress import Progress, TaskID

from sracl.training.loop import LAST
from sracl.training.watching import Watcher

if TYPE_CHECKING:
    from sracl.pipeline.run import Run


class Several:
    """Tells several watchers."""

    def __init__(self, watchers: Sequence[Watcher]) -> None:
        self.watchers = watchers

    def on_step(self, epoch: int, targets: int, parts: Mapping[str, float]) -> None:
        """Pass the step on."""
        for watcher in self.watchers:
            watcher.on_step(epoch, targets, parts)

    def on_epoch(self, record: dict[str, Any]) -> None:
        """Pass the epoch on."""
        for watcher in self.watchers:
            watcher.on_epoch(record)


class EpochLog:
    """Appends a line of JSON an epoch to `log.jsonl`, with the time (UTC) and the training's name."""

    def __init__(self, path: Path, training: str) -> None:
        self.path, self.training = path, training

    def on_step(self, epoch: int, targets: int, parts: Mapping[str, float]) -> None:
        """Steps are not logged."""

    def on_epoch(self, record: dict[str, Any]) -> None:
        """Append the record."""
        append_line(self.path, {"training": self.training} | record)


def append_line(path: Path, record: dict[str, Any]) -> None:
    """Append a record to a log of JSON lines, with the time (UTC)."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"time": datetime.now(UTC).isoformat(timespec="seconds")} | record) + "\n")


class TensorBoard:
    """Writes losses, validation metrics and speed as scalars, an epoch a step."""

    def __init__(self, folder: Path) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self.writer = SummaryWriter(str(folder))

    def on_step(self, epoch: int, targets: int, parts: Mapping[str, float]) -> None:
        """Steps are not recorded."""

    def on_epoch(self, record: dict[str, Any]) -> None:
        """Record the epoch and put it on disk."""
        for group in ("losses", "validation"):
            for name, value in record[group].items():
                self.writer.add_scalar(f"{group}/{name}", value, record["epoch"])
        self.writer.add_scalar("targets_per_second", record["targets_per_second"], record["epoch"])
        self.writer.flush()

    def close(self) -> None:
        """Close the file of events."""
        self.writer.close()


@contextmanager
def watched(run: "Run", name: str, targets: int) -> Iterator[tuple[Path, Watcher]]:
    """The folder for a training's checkpoints, and everyone who watches it: bar, log, TensorBoard and MLflow.

    name: of the training; targets: of an epoch.
    """
    folder = run.folder / "checkpoints" / name
    if (folder / LAST).exists():
        run.display.say(f"  going on from {folder / LAST}")
    board = TensorBoard(run.folder / "tensorboard" / name)
    try:
        with run.display.training(targets) as bar:
            watchers: list[Watcher] = [bar, EpochLog(run.folder / "log.jsonl", name), board]
            if run.tracking is not None:
                watchers.append(run.tracking.of_training(name))
            yield folder, Several(watchers)
    finally:
        board.close()


class Bar:
    """Moves a progress bar: losses so far, targets a second, time left in the epoch."""

    def __init__(self, progress: Progress, task: TaskID, targets: int) -> None:
        self.progress, self.task, self.targets = progress, task, targets
        self.epoch, self.done, self.begin, self.shown = 0, 0, 0.0, 0.0

    def on_step(self, epoch: int, targets: int, parts: Mapping[str, float]) -> None:
        """Move, at most ten times a second."""
        now = time.perf_counter()
        if epoch != self.epoch:
            self.epoch, self.done, self.begin = epoch, 0, now
            self.progress.reset(self.task, total=self.targets)
        self.done += targets
        if now - self.shown >= 0.1 or self.done == self.targets:
            self.shown = now
            losses = " ".join(f"{name} {value:.3f}" for name, value in parts.items())
            speed = self.done / max(now - self.begin, 1e-9)
            text = f"epoch {epoch}: {losses}, {speed:,.0f} targets/s"
            self.progress.update(self.task, completed=self.done, description=text)

    def on_epoch(self, record: dict[str, Any]) -> None:
        """Print the epoch's line above the bar."""
        self.progress.console.print(epoch_line(record), highlight=False, soft_wrap=True)


def epoch_line(record: dict[str, Any]) -> str:
    """An epoch in a line."""
    losses = " ".join(f"{name} {value:.4f}" for name, value in record["losses"].items())
    judged = ""
    if record["validation"]:
        best = " (best)" if record["best_epoch"] == record["epoch"] else ""
        judged = f"validation MRR@10 {record['validation']['MRR@10']:.4f}{best}, "
    return (
        f"  epoch {record['epoch']:3d}: {losses}, {judged}"
        f"{record['targets_per_second']:,.0f} targets/s, {record['seconds']:.1f} s"
    )
