"""Histories that led to an item: what the model is told of the people who chose it."""

import numpy as np
from numpy.typing import NDArray

from sracl.datasets.prefixes import PrefixPool
from sracl.datasets.sequences import ranges


class ItemContexts:
    """Finds, for every item, prefixes of the pool that end just before it; the pool decides what may be seen.

    histories: how many an item gets at most; they are spread evenly over its occurrences, so that the same data give
    the same prompt. items: how many of the most recent items each history keeps.
    """

    def __init__(self, pool: PrefixPool, item_count: int, histories: int, items: int) -> None:
        self.values = pool.sequences.values
        self.histories, self.items = histories, items
        starts = np.repeat(pool.sequences.offsets[:-1], pool.sequences.lengths)
        self.before = np.arange(len(self.values)) - starts
        led = np.flatnonzero(self.before > 0)
        self.places = led[np.argsort(self.values[led], kind="stable")]
        self.offsets = np.searchsorted(self.values[self.places], np.arange(item_count + 1))

    def of(self, item: int) -> list[NDArray[np.int32]]:
        """Item numbers of up to `histories` histories, each oldest first."""
        first, last = self.offsets[item], self.offsets[item + 1]
        count = min(self.histories, int(last - first))
        chosen = self.places[first + np.arange(count) * (last - first) // max(1, count)]
        lengths = np.minimum(self.before[chosen], self.items)
        flat = self.values[ranges(chosen - lengths, lengths)]
        return np.split(flat, np.cumsum(lengths)[:-1]) if count else []
