"""The writer that needs no language model: an item's fields, put into one text."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sracl.datasets.dataset import Dataset
from sracl.datasets.prefixes import PrefixPool
from sracl.semantics.index import prefix_ids


class TemplateWriter:
    """Describes an item by a line a field, `title: ...`; writes no profiles.

    Fields that are null or blank are left out; an item whose fields all are has no text (null). A prefix without a
    profile is embedded as the mean of its items' embeddings, which is this default's choice.
    """

    name = "template"

    def describe_items(
        self, dataset: Dataset, pool: PrefixPool, items: NDArray[np.int64] | None = None
    ) -> pl.DataFrame:
        """One text an item, from the catalogue's text columns in their order."""
        fields = [
            pl.when(pl.col(column).str.strip_chars().str.len_chars() > 0).then(
                pl.lit(f"{column}: ") + pl.col(column).str.strip_chars()
            )
            for column in dataset.text_columns
        ]
        text = pl.concat_str(fields, separator="\n", ignore_nulls=True) if fields else pl.lit(None, pl.String)
        catalogue = dataset.catalogue if items is None else dataset.catalogue[items]
        described = catalogue.select("item_id", text=text, source=pl.lit(self.name))
        return described.with_columns(text=pl.when(pl.col("text") != "").then(pl.col("text")))

    def write_profiles(
        self, dataset: Dataset, pool: PrefixPool, prefixes: NDArray[np.int64] | None = None
    ) -> pl.DataFrame:
        """The pool's prefixes, without texts."""
        every = prefix_ids(dataset, pool)
        wanted = every if prefixes is None else every[prefixes]
        return wanted.with_columns(text=pl.lit(None, pl.String), source=pl.lit(self.name))
