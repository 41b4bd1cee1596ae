"""The interface of every writer: texts about items and about prefixes, joined by id."""

from typing import Protocol, runtime_checkable

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sracl.datasets.dataset import Dataset
from sracl.datasets.prefixes import PrefixPool


@runtime_checkable
class Writer(Protocol):
    """Writes what it understands of items and of users. It sees the pool's interactions and no others."""

    @property
    def name(self) -> str:
        """What stands in the column `source`: the model, or `template`."""

    def describe_items(
        self, dataset: Dataset, pool: PrefixPool, items: NDArray[np.int64] | None = None
    ) -> pl.DataFrame:
        """Columns `item_id, text, source`, a row an item of the catalogue; text is null where nothing is known.

        items: numbers of those to describe; None: all.
        """

    def write_profiles(
        self, dataset: Dataset, pool: PrefixPool, prefixes: NDArray[np.int64] | None = None
    ) -> pl.DataFrame:
        """Columns `user_id, position, text, source`, a row a prefix of the pool.

        Where the text is null, the prefix is embedded as the mean of its items' embeddings. prefixes: numbers of those
        to write for; None: all.
        """
