"""Prefixes that led to the same item: what DuoRec and ICSRec take for each other's positives."""

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from sracl.backbones.rows import Rows
from sracl.datasets.prefixes import PrefixPool
from sracl.datasets.sequences import Sequences
from sracl.objectives.batch import Batch


class SameTarget:
    """All training prefixes by the item that follows, so that another with the same target is found at once.

    training: every user's training items; a prefix is numbered as in `PrefixPool`.
    """

    def __init__(self, training: Sequences, max_length: int) -> None:
        self.pool = PrefixPool(training, max_length)
        values = np.asarray(training.values)
        last = np.zeros(len(values), dtype=bool)
        last[training.offsets[1:][training.lengths > 0] - 1] = True
        numbers = np.flatnonzero(~last)
        targets = values[numbers + 1]
        # Prefixes of one target stand side by side; `place` says where each stands.
        self.numbers = torch.from_numpy(numbers[np.argsort(targets, kind="stable")])
        counts = torch.from_numpy(np.bincount(targets, minlength=1))
        self.counts, self.begins = counts, counts.cumsum(0) - counts
        self.targets = torch.from_numpy(values.astype(np.int64)).roll(-1)
        self.place = torch.full((len(values),), -1)
        self.place[self.numbers] = torch.arange(len(numbers))

    def prefixes_at(self, batch: Batch, anchors: Int[Tensor, "A"]) -> Int[Tensor, "A"]:
        """The numbers of the prefixes that end at these places of a batch; each must have a target."""
        return torch.from_numpy(batch.prefixes_at(anchors, self.pool))

    def others(self, numbers: Int[Tensor, "A"], generator: torch.Generator) -> Int[Tensor, "A"]:
        """For each prefix another with its target, uniformly; itself where there is no other."""
        targets = self.targets[numbers]
        begin, count = self.begins[targets], self.counts[targets]
        chance = torch.rand(len(numbers), generator=generator, dtype=torch.float64)
        own = self.place[numbers] - begin
        drawn = (chance * (count - 1)).long()
        drawn += (drawn >= own) & (count > 1)
        return self.numbers[begin + drawn]

    def rows(self, numbers: Int[Tensor, "A"]) -> Rows:
        """These prefixes' most recent items."""
        items = self.pool.items(numbers.numpy())
        return Rows(torch.from_numpy(items.values.astype(np.int64)), torch.from_numpy(items.lengths))

    def users(self, numbers: Int[Tensor, "A"]) -> Int[Tensor, "A"]:
        """Whose prefixes they are."""
        return torch.from_numpy(self.pool.users_of(numbers.numpy()))
