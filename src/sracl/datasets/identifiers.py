"""Ids of users and items: checked, numbered in sorted order, and never changed."""

import polars as pl

from sracl.datasets.tables import Opened
from sracl.errors import InputError


def key_of(table: Opened, column: str) -> pl.Expr:
    """A column of ids as they are compared: categories as their text, all else as it stands."""
    dtype = table.frame.collect_schema()[column]
    return pl.col(column).cast(pl.String) if dtype in (pl.Categorical, pl.Enum) else pl.col(column)


def numbered_ids(table: Opened, column: str, kind: str) -> pl.DataFrame:
    """The distinct ids of a column: `number`, `key` (as `key_of` gives it), `id` (what recommendations will show).

    Numbers (uint32) follow the sorted order of `id`, so that they do not depend on the order of rows. Ids keep their
    type, with two exceptions: text files' ids become Int64 where all of them are whole numbers as one writes them
    (`7`, not `007`, `+7` or `7.0`); Categorical and Enum become String. Raises InputError for ids that are null or
    empty text, with the first row, and for floats and other types that make no ids.
    """
    dtype = table.frame.collect_schema()[column]
    if dtype.is_nested() or dtype in (pl.Object, pl.Null, pl.Boolean):
        raise InputError(f"{table.name}: the column {column!r} holds {dtype} as {kind} ids; give integers or text")
    keys = table.collect(table.frame.select(key_of(table, column).unique()))[column]
    if keys.to_frame().select(_missing(column, keys.to_frame().schema).any()).item():
        raise _missing_id(table, column, kind)
    if dtype.is_float():
        raise InputError(f"{table.name}: the column {column!r} holds floats as {kind} ids; give integers or text")
    ids = keys
    if table.untyped:
        whole = keys.cast(pl.Int64, strict=False)
        if (whole.cast(pl.String) == keys).fill_null(False).all():
            ids = whole
    found = pl.DataFrame({"key": keys, "id": ids}).sort("id")
    return found.with_row_index("number").select("number", "key", "id")


def _missing(column: str, schema: pl.Schema) -> pl.Expr:
    dtype = schema[column]
    missing = pl.col(column).is_null()
    if dtype == pl.String:
        missing |= pl.col(column) == ""
    if dtype.is_float():
        missing |= pl.col(column).is_nan()
    return missing


def _missing_id(table: Opened, column: str, kind: str) -> InputError:
    query = table.frame.select(key_of(table, column).alias("key")).with_row_index("row")
    rows = table.collect(query.filter(_missing("key", query.collect_schema())).select("row"))["row"]
    return InputError(
        f"{table.name}: {len(rows):,} row(s) have no {kind} id in the column {column!r}, the first is data row "
        f"{rows[0] + 1}; remove them or fill them in"
    )
