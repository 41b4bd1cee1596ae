"""What a run says of its split: leave-one-out lets other users' later interactions train."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sracl.datasets.dataset import Dataset
from sracl.datasets.splits import Split
from sracl.datasets.splits.time_overlap import later_training_share
from sracl.pipeline.watchers import append_line

if TYPE_CHECKING:
    from sracl.pipeline.run import Run


def warn_of_split(run: Run) -> None:
    """Print and log the split's warning, where it has one and the run's log does not hold it yet."""
    text = split_warning(run.split, run.dataset)
    path = run.folder / "log.jsonl"
    if text is None or (path.exists() and f'"warning": {json.dumps(text)}' in path.read_text(encoding="utf-8")):
        return
    run.display.say(f"  warning: {text}")
    append_line(path, {"warning": text})


def split_warning(split: Split, dataset: Dataset) -> str | None:
    """What a reader of this split's figures must know; None for a split without a leak in time."""
    if split.name != "leave-one-out":
        return None
    if dataset.times is None:
        told = "other users' training interactions may be later than a test target (no times are known to count them)"
    else:
        share = later_training_share(split, dataset.times, "test")
        told = f"{share:.0%} of the training interactions are later than a test target, on average"
    return (
        f"leave-one-out leaks across users in time: {told}. Compare with figures of the same split only; "
        "dataset.split.kind=global-time trains on nothing later"
    )
