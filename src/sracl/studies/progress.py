"""What a person sees while a study's runs are made."""

import json
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

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
    """A run's last epoch in a few words."""
    told = epochs_of(task)
    return f"epoch {told[-1]['epoch']}, validation MRR@10 {told[-1]['validation']['MRR@10']:.4f}" if told else "begins"


def epochs_of(task: Task) -> list[dict[str, Any]]:
    """The records of the model's epochs that a run has logged so far, in order; none while it begins."""
    path = task.config.run_dir / "log.jsonl"
    try:
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    except FileNotFoundError:
        return []
    # A line without its end is being written. A training that went on may have logged an epoch twice.
    records = (json.loads(line) for line in lines if line.endswith("\n"))
    by_epoch = {record["epoch"]: record for record in records if record.get("training") == "model"}
    return [by_epoch[epoch] for epoch in sorted(by_epoch)]
