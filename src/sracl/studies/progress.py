"""What a person sees while a study's runs are made."""

import json
import time
from collections.abc import Sequence
from datetime import timedelta

from sracl.errors import SraclError
from sracl.pipeline.display import Display
from sracl.studies.worker import Task


class Telling:
    """A line for every run that begins or ends; on a terminal also how far each running one has come."""

    def __init__(self, display: Display, total: int, slots: int) -> None:
        self.display, self.total, self.slots = display, total, slots
        self.ended = 0
        self.begin = time.monotonic()
        self.status = display.console.status("") if display.console.is_terminal else None

    def __enter__(self) -> "Telling":
        if self.status:
            self.status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.status:
            self.status.stop()

    def on_start(self, task: Task) -> None:
        """Say so."""
        self.display.say(f"  begun: {task.label}, in {task.config.run_dir}")

    def on_end(self, task: Task, error: str | None) -> None:
        """Say how it went, and how long the others may take."""
        self.ended += 1
        left = (time.monotonic() - self.begin) / self.ended * (self.total - self.ended)
        told = f"{self.ended} of {self.total}, {task.label}: "
        if error is not None:
            self.display.say(f"{told}FAILED, {error}")
            return
        record = task.place.records.find(task.key)
        if record is None:
            raise SraclError(f"{task.label} ended well but left no record; see {task.log}")
        self.display.say(
            f"{told}validation MRR@10 {record.validation['MRR@10']:.4f}, test NDCG@10 {record.test['NDCG@10']:.4f}, "
            f"best epoch {record.best_epoch} of {record.epochs}, {timedelta(seconds=round(record.seconds))}; "
            f"{timedelta(seconds=round(left))} left"
        )

    def on_pause(self, running: Sequence[Task]) -> None:
        """Show where the running ones are."""
        if self.status:
            self.status.update("; ".join(f"{task.label}: {last_epoch(task)}" for task in running))


def last_epoch(task: Task) -> str:
    """The last line of a run's log in a few words."""
    path = task.config.run_dir / "log.jsonl"
    if not path.exists():
        return "begins"
    with path.open("rb") as file:
        # Lines are shorter than this, and only the last is wanted.
        file.seek(max(0, path.stat().st_size - 4096))
        lines = file.read().split(b"\n")
    if len(lines) < 2:
        return "begins"
    record = json.loads(lines[-2])
    return f"epoch {record['epoch']}, validation MRR@10 {record['validation']['MRR@10']:.4f}"
