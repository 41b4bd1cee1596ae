"""What a person sees of a search: a line a trial, and where the running ones are."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sracl.pipeline.display import Display
from sracl.studies.progress import last_epoch
from sracl.studies.records import Record
from sracl.studies.worker import Task
from sracl.tuning.search import Budget, Search, Trial


class Telling:
    """Says how each trial of a method ended; on a terminal also how far each running one has come."""

    def __init__(self, display: Display, name: str, budget: Budget) -> None:
        self.display, self.name, self.budget = display, name, budget
        self.status = display.console.status("") if display.console.is_terminal else None

    def __enter__(self) -> "Telling":
        if self.status:
            self.status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.status:
            self.status.stop()

    def on_complete(self, search: Search, trial: Trial, record: Record) -> None:
        """A trial trained to its end."""
        best = search.best
        highest = best.value if best is not None and best.value is not None else float("nan")
        self._say(
            search,
            f"validation MRR@10 {record.validation['MRR@10']:.4f} (best {highest:.4f}), best epoch "
            f"{record.best_epoch} of {record.epochs}",
            trial,
        )

    def on_pruned(self, search: Search, trial: Trial, epoch: int) -> None:
        """A trial was ended early."""
        self._say(search, f"hopeless after {epoch} epochs", trial)

    def on_failed(self, search: Search, trial: Trial, error: str) -> None:
        """A trial's run failed."""
        self._say(search, f"FAILED, {error}", trial)

    def on_pause(self, running: Sequence[Task]) -> None:
        """Show where the running ones are."""
        if self.status:
            self.status.update("; ".join(f"{task.variant}: {last_epoch(task)}" for task in running))

    def _say(self, search: Search, how: str, trial: Trial) -> None:
        of = f" of {self.budget.trials}" if self.budget.trials else ""
        spent = timedelta(seconds=round(60 * search.minutes))
        self.display.say(f"  {self.name}, {len(search.over)}{of}, {spent}: {how}; {told(trial.values)}")


def told(values: Mapping[str, Any]) -> str:
    """Settings in a line."""
    shown = {key: f"{value:.4g}" if isinstance(value, float) else str(value) for key, value in values.items()}
    return ", ".join(f"{key} {value}" for key, value in shown.items())
