"""Data of any size by power laws: to measure how time and memory grow, never to judge a method by."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sracl.datasets.sequences import ranges
from sracl.errors import InputError

SYLLABLES = tuple(consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in "aeiou")
WORDS = 4_000
"""Words that titles are made of."""
TITLE_WORDS = 5
BRANDS_A_CATEGORY = 4
BEGIN, BETWEEN, YEAR = 1_500_000_000, 3_600, 365 * 24 * 3_600
"""Seconds: the first interaction's time at the earliest, from one of a user's to the next, and a year."""


@dataclass(frozen=True)
class PowerLaws:
    """Users and items of ranks 1, 2, 3 ... have interactions in proportion to rank to the power of minus the exponent.

    least: interactions that every user has at least. loyalty: share of a user's interactions that are drawn among the
    items of one category, the user's favourite; the others are drawn among all. There are about as many categories as
    the square root of the number of items. Equal settings give equal tables.
    """

    users: int
    items: int
    interactions: int
    user_exponent: float = 0.6
    item_exponent: float = 0.8
    least: int = 5
    loyalty: float = 0.5
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.users, self.items) < 1 or self.interactions < self.least * self.users:
            raise InputError(
                f"{self.interactions:,} interactions are too few for {self.users:,} users with {self.least} each, or "
                "there is no item"
            )

    def interaction_table(self) -> pl.DataFrame:
        """Columns `user_id, item_id, timestamp` (int64), rows in random order."""
        random = np.random.default_rng([self.seed, 0])
        share = _falling(self.users, self.user_exponent)
        lengths = self.least + random.multinomial(self.interactions - self.least * self.users, share)
        owners = np.repeat(np.arange(self.users), lengths)
        by_category, bounds = self._items_by_category
        favourites = self.categories[self._drawn(random.random(self.users))]
        chance = random.random(self.interactions)
        loyal = random.random(self.interactions) < self.loyalty
        lowest, highest = bounds[favourites], bounds[favourites + 1]
        within = lowest[owners] + chance * (highest - lowest)[owners]
        items = by_category[self._places(np.where(loyal, within, chance))]
        begins = BEGIN + random.integers(YEAR, size=self.users)
        times = begins[owners] + BETWEEN * ranges(np.zeros(self.users, dtype=np.int64), lengths)
        order = random.permutation(self.interactions)
        return pl.DataFrame({"user_id": owners[order], "item_id": items[order], "timestamp": times[order]})

    def item_table(self) -> pl.DataFrame:
        """Columns `item_id` (int64), `title` and `category`: made-up words, common ones more often than others."""
        random = np.random.default_rng([self.seed, 1])
        syllables = np.array(SYLLABLES)
        drawn = random.integers(len(syllables), size=(WORDS, 3))
        words = pl.Series([a + b + c for a, b, c in syllables[drawn].tolist()])
        chosen = random.choice(WORDS, size=(self.items, TITLE_WORDS), p=_falling(WORDS, 1.0))
        brands = self.categories * BRANDS_A_CATEGORY + random.integers(BRANDS_A_CATEGORY, size=self.items)
        parts = [words.gather(brands % WORDS), *(words.gather(column) for column in chosen.T)]
        titles = pl.DataFrame({str(number): part for number, part in enumerate(parts)})
        return titles.select(
            item_id=pl.Series(np.arange(self.items)),
            title=pl.concat_str(pl.all(), separator=" "),
            category=words.gather(self.categories % WORDS),
        )

    @cached_property
    def categories(self) -> NDArray[np.int64]:
        """The category of every item, `[items]`."""
        count = max(1, round(self.items**0.5))
        return np.random.default_rng([self.seed, 2]).integers(count, size=self.items)

    @cached_property
    def _popularity(self) -> NDArray[np.float64]:
        """Each item's share of all draws, `[items]`."""
        ranks = np.random.default_rng([self.seed, 3]).permutation(self.items)
        return _falling(self.items, self.item_exponent)[ranks]

    @cached_property
    def _items_by_category(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Items in the order of their categories, and where each category's share of all draws begins, `[C + 1]`."""
        mass = np.bincount(self.categories, self._popularity)
        return np.argsort(self.categories, kind="stable"), np.concatenate([[0.0], np.cumsum(mass)])

    @cached_property
    def _upper(self) -> NDArray[np.float64]:
        return np.cumsum(self._popularity[self._items_by_category[0]])

    def _places(self, chance: NDArray[np.float64]) -> NDArray[np.int64]:
        """Place by category of the items that hold these numbers of [0, 1) when all their shares are put in a row."""
        return np.minimum(np.searchsorted(self._upper, chance, side="right"), self.items - 1)

    def _drawn(self, chance: NDArray[np.float64]) -> NDArray[np.int64]:
        return self._items_by_category[0][self._places(chance)]


def _falling(count: int, exponent: float) -> NDArray[np.float64]:
    """`1, 2, 3 ...` to the power of minus the exponent, over their sum, `[count]`."""
    weights: NDArray[np.float64] = np.arange(1, count + 1, dtype=np.float64) ** -exponent
    weights /= weights.sum()
    return weights
