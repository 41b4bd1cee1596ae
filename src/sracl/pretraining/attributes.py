"""What items have in common: brands, categories, genres, read from the catalogue's text columns."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
import torch
from jaxtyping import Bool, Int
from torch import Tensor

from sracl.datasets.dataset import Dataset
from sracl.errors import InputError

SHARED = 2
"""Items that must have an attribute: one of a single item says nothing about any other."""


@dataclass(frozen=True)
class Attributes:
    """Item i has the attributes `numbers[offsets[i]:offsets[i + 1]]`, rising, of `names`.

    names: `column: value`, sorted. offsets: int64 `[N + 1]`; numbers: int64 `[total]`.
    """

    names: tuple[str, ...]
    offsets: Int[Tensor, "R"]
    numbers: Int[Tensor, "n"]

    def __len__(self) -> int:
        return len(self.names)

    @classmethod
    def of(cls, dataset: Dataset, columns: Sequence[str], separators: str) -> "Attributes":
        """The values of some text columns, cut at any of `separators`, those of at least two items.

        Raises InputError for a column that is none of the catalogue's texts, and where nothing is shared.
        """
        unknown = [name for name in columns if name not in dataset.text_columns]
        if unknown:
            known = ", ".join(dataset.text_columns) or "none"
            raise InputError(
                f"pretraining.attributes: {unknown[0]!r} is no text column of the items; there are: {known}"
            )
        pairs = pl.concat([_values(dataset.catalogue[name], name, separators) for name in columns] or [_nothing()])
        shared = pairs.filter(pl.len().over("attribute") >= SHARED)
        if columns and shared.is_empty():
            raise InputError(f"pretraining.attributes: no value of {', '.join(columns)} is shared by two items")
        names = shared["attribute"].unique().sort()
        numbered = shared.join(names.to_frame().with_row_index("number"), on="attribute").sort("item", "number")
        counts = np.bincount(numbered["item"].to_numpy(), minlength=dataset.item_count)
        offsets = torch.from_numpy(np.concatenate([[0], np.cumsum(counts)]).astype(np.int64))
        return cls(tuple(names), offsets, torch.from_numpy(numbered["number"].to_numpy().astype(np.int64)))

    def of_items(self, items: Int[Tensor, "n"]) -> Bool[Tensor, "n A"]:
        """Which attributes each item has, on the items' device."""
        starts, ends = self.offsets.to(items.device)[items], self.offsets.to(items.device)[items + 1]
        lengths = ends - starts
        owners = torch.repeat_interleave(torch.arange(len(items), device=items.device), lengths)
        within = torch.arange(len(owners), device=items.device) - (lengths.cumsum(0) - lengths)[owners]
        present = torch.zeros(len(items), len(self), dtype=torch.bool, device=items.device)
        present[owners, self.numbers.to(items.device)[starts[owners] + within]] = True
        return present


def _values(texts: pl.Series, column: str, separators: str) -> pl.DataFrame:
    """Columns `item` and `attribute` (`column: value`), each pair once."""
    first = separators[:1] or "\n"
    unified = pl.col("text")
    for separator in separators[1:]:
        unified = unified.str.replace_all(separator, first, literal=True)
    values = (
        texts.alias("text")
        .to_frame()
        .with_row_index("item")
        .select("item", unified.str.split(first).alias("attribute"))
        .explode("attribute")
    )
    trimmed = values.with_columns(pl.col("attribute").str.strip_chars()).filter(pl.col("attribute") != "")
    return trimmed.with_columns(pl.format("{}: {}", pl.lit(column), "attribute").alias("attribute")).unique()


def _nothing() -> pl.DataFrame:
    return pl.DataFrame(schema={"item": pl.UInt32, "attribute": pl.String})
