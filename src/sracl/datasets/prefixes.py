"""The numbered prefixes of all users: queries and neighbours of the cross-sequence loss."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sracl.datasets.sequences import Int64, Sequences, ranges


@dataclass(frozen=True)
class PrefixPool:
    """All non-empty prefixes of `sequences`, user by user, the shortest first.

    Prefix (user u, position t), that is the first t >= 1 items of u, has the number `sequences.offsets[u] + t - 1`:
    it ends at the item of that place in `sequences.values`. So the pool needs no table of its own.

    sequences: what the pool may see: the training items (`strict`), or these and the validation item (`paper`).
    max_length: a prefix is cut to its most recent `max_length` items.
    training_lengths: how many of each sequence's items train, `[users]`; None: all.
    """

    sequences: Sequences
    max_length: int
    training_lengths: Int64 | None = None

    def __len__(self) -> int:
        return len(self.sequences.values)

    @property
    def users(self) -> Int64:
        """User number of every prefix, `[prefixes]`."""
        return np.repeat(np.arange(len(self.sequences)), self.sequences.lengths)

    @property
    def positions(self) -> Int64:
        """Number of items in every prefix before it is cut, `[prefixes]`."""
        return np.arange(len(self)) - np.repeat(self.sequences.offsets[:-1], self.sequences.lengths) + 1

    @property
    def last_trained(self) -> Int64:
        """Every user's number of training items, at least 1, `[users]`."""
        lengths = self.sequences.lengths if self.training_lengths is None else self.training_lengths
        return np.maximum(lengths, 1)

    def number(self, users: NDArray[np.integer], positions: NDArray[np.integer]) -> Int64:
        """Number of the prefix of each user with so many items, `[n]`."""
        numbers: Int64 = self.sequences.offsets[users] + positions - 1
        return numbers

    def users_of(self, numbers: NDArray[np.integer]) -> Int64:
        """User number of some prefixes, `[n]`, without a table of all."""
        return np.searchsorted(self.sequences.offsets, numbers, side="right") - 1

    def items(self, numbers: NDArray[np.integer]) -> Sequences:
        """The items of some prefixes, cut to `max_length`, in the order of `numbers`."""
        positions = numbers - self.sequences.offsets[self.users_of(numbers)] + 1
        lengths = np.minimum(positions, self.max_length)
        return Sequences.from_lengths(self.sequences.values[ranges(numbers - lengths + 1, lengths)], lengths)

    def shared_rows(self, numbers: NDArray[np.integer]) -> tuple[Sequences, Int64]:
        """Rows that hold some prefixes, and the place among all rows' values where each of them ends, `[n]`.

        Prefixes of one user share a row, which is their items up to the end of the longest. Those of more than
        `max_length` items are read as training reads them, in windows that overlap by half: so a prefix loses its
        oldest items, but has more than half of `max_length` left.
        """
        offsets = self.sequences.offsets[self.users_of(numbers)]
        step = max(1, self.max_length // 2)
        windows = -(-np.maximum(numbers - offsets + 1 - self.max_length, 0) // step)
        begins, row = np.unique(offsets + windows * step, return_inverse=True)
        ends = np.zeros_like(begins)
        np.maximum.at(ends, row, numbers + 1)
        rows = Sequences.from_lengths(self.sequences.values[ranges(begins, ends - begins)], ends - begins)
        places: Int64 = rows.offsets[row] + numbers - begins[row]
        return rows, places
