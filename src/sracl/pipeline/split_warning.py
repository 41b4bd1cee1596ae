"""What a run says of its split: leave-one-out lets other users' later interactions train."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sracl.datasets.dataset import Dataset
from sracl.datasets.splits import Split
from sracl.datasets.splits.base import PARTS
from sracl.datasets.splits.time_overlap import later_training_share
from sracl.pipeline.watchers import append_line

if TYPE_CHECKING:
    from sracl.pipeline.run import Run


FEW_TARGETS = 200
"""Fewer make a hit rate of .10 uncertain by more than .02 (a standard error)."""


def warn_of_split(run: Run) -> None:
    """Print and log the split's warnings that the run's log does not hold yet."""
    path = run.folder / "log.jsonl"
    known = path.read_text(encoding="utf-8") if path.exists() else ""
    for text in split_warnings(run.split, run.dataset):
        if f'"warning": {json.dumps(text)}' not in known:
            run.display.say(f"  warning: {text}")
            append_line(path, {"warning": text})


def split_warnings(split: Split, dataset: Dataset) -> list[str]:
    """What a reader of this split's figures must know."""
    if split.name == "leave-one-out":
        return [_leak_in_time(split, dataset)]
    few = {part: len(split.part(part)) for part in PARTS if len(split.part(part)) < FEW_TARGETS}
    return [
        f"{part} has {count} targets only: figures from so few are mostly chance, and so is early stopping by them. "
        "Take dataset.split.targets=every or earlier cuts"
        for part, count in few.items()
    ]


def _leak_in_time(split: Split, dataset: Dataset) -> str:
    if dataset.times is None:
        told = "other users' training interactions may be later than a test target (no times are known to count them)"
    else:
        share = later_training_share(split, dataset.times, "test")
        told = f"{share:.0%} of the training interactions are later than a test target, on average"
    return (
        f"leave-one-out leaks across users in time: {told}. Compare with figures of the same split only; "
        "dataset.split.kind=global-time trains on nothing later"
    )
