"""Ids of users and items: checked, numbered in sorted order, and never changed."""

import polars as pl

from sracl.datasets.tables import Opened
from sracl.errors import InputError

CANONICAL_INTEGER = r"^(0|-?[1-9][0-9]{0,17})$"
"""A whole number as one writes it, that fits 64 bits: `7`, not `007`, `+7` or `7.0`."""


def numbered_ids(table: Opened, column: str, kind: str) -> pl.DataFrame:
    """The distinct ids of a column: `raw` (as in the table), `id` (what recommendations will show), `number`.

    Numbers (uint32) follow the sorted order of `id`, so that they do not depend on the order of rows. Ids keep their
    type, with two exceptions: text files' ids become Int64 where all are whole numbers as one writes them;
    Categorical and Enum become String. Raises InputError for null, blank or floating-point ids.
    """
    dtype = table.frame.collect_schema()[column]
    if dtype.is_float():
        raise InputError(f"{table.name}: the column {column!r} holds floats as {kind} ids; give integers or text")
    if dtype.is_nested() or dtype in (pl.Object, pl.Null, pl.Boolean):
        raise InputError(f"{table.name}: the column {column!r} holds {dtype} as {kind} ids; give integers or text")
    raw = table.collect(table.frame.select(pl.col(column).unique()))[column]
    text = dtype in (pl.Categorical, pl.Enum, pl.String)
    ids = raw.cast(pl.String) if text else raw
    if ids.null_count() or (text and (ids == "").any()):
        raise _missing_id(table, column, kind, text)
    if table.untyped and len(ids) and ids.str.contains(CANONICAL_INTEGER).all():
        ids = ids.cast(pl.Int64)
    found = pl.DataFrame({"raw": raw, "id": ids}).sort("id")
    return found.with_row_index("number").select("raw", "id", "number")


def _missing_id(table: Opened, column: str, kind: str, text: bool) -> InputError:
    missing = pl.col(column).is_null()
    if text:
        missing |= pl.col(column).cast(pl.String) == ""
    rows = table.collect(table.frame.select(pl.col(column)).with_row_index("row").filter(missing).select("row"))["row"]
    return InputError(
        f"{table.name}: {len(rows):,} row(s) have no {kind} id in the column {column!r}, the first is data row "
        f"{rows[0] + 1}; remove them or fill them in"
    )
