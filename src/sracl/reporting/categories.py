"""A category for every item, from a column of the catalogue that is given or found."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from sracl.datasets.sequences import Int64
from sracl.errors import InputError

SEPARATORS = r"\s*[|;>]\s*|,\s+"
"""Between the parts of a field such as `Hair Care | Shampoos`."""
_CUT = "\x1f"
NAMED = 8
"""Categories with a name, colour and shape; the rest is `other`."""
LONGEST = 60
"""Characters of a part that may be a category's name."""
TOO_COMMON, TOO_RARE = 0.6, 2
"""Share of items above which an item's other parts tell more; number of items below which a part names nothing."""
COVERED = 0.3
"""Share of items that the named categories of a column must have for the column to be taken unasked."""


@dataclass(frozen=True)
class Categories:
    """column: they are from. names: the most frequent first, perhaps with `other` at the end. of: number of each
    item's, `[N]`, below `len(names)`.
    """

    column: str
    names: tuple[str, ...]
    of: Int64


def categories_of(catalogue: pl.DataFrame, wanted: str | None) -> Categories | None:
    """Categories by the wanted column, or by the one that divides the items best; None where none divides them.

    An item of several parts (`Hair Care | Shampoos`) belongs to its most frequent one that is not nearly everyone's.
    Raises InputError where there is no such column.
    """
    columns = [name for name in catalogue.columns if name != "item_id"]
    if wanted is not None:
        if wanted not in columns:
            raise InputError(
                f"report.category {wanted!r} is no column of the catalogue; there are: {', '.join(columns) or 'none'}"
            )
        return _of_column(catalogue, wanted)
    found = [one for column in columns if (one := _of_column(catalogue, column)) is not None]
    good = [(_worth(one), -place, one) for place, one in enumerate(found) if _covered(one) >= COVERED]
    return max(good, key=lambda entry: entry[:2])[2] if good else None


def _of_column(catalogue: pl.DataFrame, column: str) -> Categories | None:
    text = pl.col(column).cast(pl.String).str.replace_all(SEPARATORS, _CUT).str.split(_CUT)
    parts = (
        catalogue.select(item=pl.int_range(pl.len()), part=text)
        .explode("part")
        .with_columns(pl.col("part").str.strip_chars())
        .filter(pl.col("part").str.len_chars().is_between(1, LONGEST))
        .unique(maintain_order=True)
    )
    parts = parts.join(parts.group_by("part").agg(size=pl.len()), on="part", maintain_order="left")
    telling = parts.filter(pl.col("size") >= TOO_RARE)
    if telling.is_empty():
        return None
    telling = telling.with_columns(common=pl.col("size") > TOO_COMMON * catalogue.height)
    ordered = telling.sort(["common", "size"], descending=[False, True], maintain_order=True)
    own = ordered.unique("item", keep="first", maintain_order=True)
    sizes = own.group_by("part").agg(size=pl.len()).sort(["size", "part"], descending=[True, False]).head(NAMED)
    names = sizes["part"].to_list()
    numbered = own.join(sizes.with_row_index("number"), on="part", how="inner")
    of = np.full(catalogue.height, len(names), dtype=np.int64)
    of[numbered["item"].to_numpy()] = numbered["number"].to_numpy()
    rest = ("other",) if (of == len(names)).any() else ()
    return Categories(column, (*names, *rest), of) if len(names) > 1 else None


def _covered(found: Categories) -> float:
    """Share of items in named categories."""
    other = found.names[-1] == "other"
    return 1 - float((found.of == len(found.names) - 1).mean()) if other else 1.0


def _worth(found: Categories) -> float:
    """How much a column tells: entropy of its categories, `other` telling nothing."""
    sizes = np.bincount(found.of, minlength=len(found.names)) / len(found.of)
    if found.names[-1] == "other":
        sizes = sizes[:-1]
    sizes = sizes[sizes > 0]
    return float(-(sizes * np.log(sizes)).sum())
