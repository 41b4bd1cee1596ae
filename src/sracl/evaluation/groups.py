"""Metrics of groups: how much training knows of a target's user, of its item, and of its coming where it came."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from sracl.datasets.sequences import Int64
from sracl.datasets.sparse import last_items, transitions
from sracl.datasets.splits import Part, Split
from sracl.evaluation.evaluate import Evaluation
from sracl.evaluation.metrics import metrics_at

Bounds = Sequence[int]


@dataclass(frozen=True)
class Groups:
    """The targets of a part, grouped. labels: of the groups, the smallest first; of: group number of each target."""

    labels: tuple[str, ...]
    of: Int64

    def members(self, group: int) -> NDArray[np.bool_]:
        """Whether each target is of a group, `[n]`."""
        members: NDArray[np.bool_] = self.of == group
        return members


def by_history(split: Split, part: Part, bounds: Bounds) -> Groups:
    """Targets by their user's number of training interactions; a group begins at each of the rising `bounds`."""
    return _grouped(split.training_lengths[split.part(part).users], bounds)


def by_popularity(split: Split, part: Part, bounds: Bounds) -> Groups:
    """Targets by their item's number of training interactions; a group begins at each of the rising `bounds`."""
    targets = split.targets(part)
    counts = np.bincount(split.training.values, minlength=int(targets.max(initial=0)) + 1)
    return _grouped(counts[targets], bounds)


def by_transition(split: Split, part: Part, bounds: Bounds) -> Groups:
    """Targets by how often training has them right after the item before; a group begins at each rising bound.

    A model that remembers what followed what finds those that it has often, and none that it has never.
    """
    targets, before = split.targets(part), last_items(split.inputs(part))
    counts = transitions(split.training, int(split.histories.values.max(initial=-1)) + 1)
    return _grouped(np.asarray(counts[before, targets]).ravel().astype(np.int64), bounds)


def metrics_by_group(found: Evaluation, groups: Groups, cutoffs: Sequence[int]) -> dict[str, dict[str, float | int]]:
    """Every group that has targets: their number and their metrics, seen items kept, `{"targets": 12, "HR@5": ...}`."""
    told: dict[str, dict[str, float | int]] = {}
    for group, label in enumerate(groups.labels):
        members = groups.members(group)
        if members.any():
            told[label] = {"targets": int(members.sum())} | metrics_at(found.ranks.kept[members], cutoffs)
    return told


def _grouped(counts: NDArray[np.integer], bounds: Bounds) -> Groups:
    return Groups(group_labels(bounds), np.searchsorted(np.asarray(bounds), counts, side="right"))


def group_labels(bounds: Bounds) -> tuple[str, ...]:
    """What the groups are called that begin at each of the rising bounds, and the one below them."""
    between = [f"{low} to {high - 1}" if high - low > 1 else str(low) for low, high in pairwise(bounds)]
    lowest = "none" if bounds[0] == 1 else f"under {bounds[0]}"
    return (lowest, *between, f"{bounds[-1]} and more")
