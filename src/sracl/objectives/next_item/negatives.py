"""Items drawn as wrong answers: any but the target, any by popularity, any outside a user's history."""

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from sracl.datasets.sequences import Sequences
from sracl.errors import InputError


def draw_others(
    targets: Int[Tensor, "m"], count: int, item_count: int, generator: torch.Generator
) -> Int[Tensor, "m k"]:
    """For each target `count` items other than it, uniformly, with replacement."""
    drawn = torch.randint(item_count - 1, (len(targets), count), generator=generator)
    return drawn + (drawn >= targets[:, None])


class Popularity:
    """Draws any item with the probability q_i ~ (1 + its number of training interactions)^power.

    power: 0 draws uniformly; 1 by popularity.
    """

    def __init__(self, training: Sequences, item_count: int, power: float) -> None:
        counts = np.bincount(training.values, minlength=item_count).astype(np.float64)
        weights = (1.0 + counts) ** power
        self.probabilities: Float[Tensor, "N"] = torch.from_numpy(weights / weights.sum())
        self.upper = self.probabilities.cumsum(0)

    def draw(self, count: int, generator: torch.Generator) -> Int[Tensor, "k"]:
        """So many items, with replacement."""
        chance = torch.rand(count, generator=generator, dtype=torch.float64)
        return torch.searchsorted(self.upper, chance, right=True).clamp_(max=len(self.upper) - 1)


class OutsideHistory:
    """Draws, uniformly and without trying again, an item that is not among a user's training items.

    The r-th item outside a history is r plus the number of its items that come before: those whose number less their
    place among the user's distinct items is at most r, which a search in one sorted array finds for all users at once.
    """

    def __init__(self, training: Sequences, item_count: int) -> None:
        owners = np.repeat(np.arange(len(training)), training.lengths)
        distinct = np.unique(owners * item_count + training.values)
        users, items = distinct // item_count, distinct % item_count
        counts = np.bincount(users, minlength=len(training))
        offsets = np.concatenate([[0], np.cumsum(counts)])
        gaps = items - (np.arange(len(distinct)) - offsets[users])
        self.width = item_count + 1
        self.keys = torch.from_numpy(users * self.width + gaps)
        self.offsets = torch.from_numpy(offsets)
        self.free = item_count - torch.from_numpy(counts)

    def draw(self, users: Int[Tensor, "m"], generator: torch.Generator) -> Int[Tensor, "m"]:
        """An item for each user; -1 for one whose history holds the whole catalogue."""
        free = self.free[users]
        chance = torch.rand(len(users), generator=generator, dtype=torch.float64)
        rank = torch.minimum((chance * free).long(), (free - 1).clamp(min=0))
        before = torch.searchsorted(self.keys, users * self.width + rank, right=True) - self.offsets[users]
        return torch.where(free > 0, rank + before, -1)


def check_fewer(negatives: int, item_count: int) -> None:
    """Raise InputError unless there are more other items than `negatives`."""
    if negatives >= item_count:
        raise InputError(
            f"objectives.next_item.negatives is {negatives}, but there are only {item_count} items; take fewer, or "
            "loss=softmax"
        )
