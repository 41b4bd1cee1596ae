"""The catalogue: every item of the interactions with its texts."""

import polars as pl

from sracl.datasets.tables import Opened
from sracl.errors import InputError

CONTROL_CHARACTERS = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"


def text_columns_of(table: Opened, item: str, wanted: tuple[str, ...] | None) -> tuple[str, ...]:
    """The columns that describe an item: those wanted, or all of text (or lists of text) besides the id."""
    if wanted is not None:
        for column in wanted:
            table.need(column, "an item's text", ".text")
        return wanted
    schema = table.frame.collect_schema()
    kinds = (pl.String, pl.Categorical, pl.Enum)
    return tuple(
        name
        for name, dtype in schema.items()
        if name != item and (dtype in kinds or (isinstance(dtype, pl.List) and dtype.inner == pl.String))
    )


def build_catalogue(
    table: Opened, item: str, text: tuple[str, ...], ids: pl.Series
) -> tuple[pl.DataFrame, list[tuple[str, int]]]:
    """Columns `item_id` (as in `ids`, in this order) and the texts, null where blank; and what the rules counted.

    Of several rows of one item the first counts; rows of items that are not among `ids` are left out; an item without
    a row has no text. Control characters become spaces. Raises InputError for columns that cannot be read as text.
    """
    table.need(item, "item ids", ".item")
    if "item_id" in text:
        raise InputError("the column `item_id` cannot be an item's text; name another in dataset.columns.text")
    schema = table.frame.collect_schema()
    columns = [_as_text(column, schema[column]) for column in text]
    # Ids that cannot be cast are of no known item.
    rows = table.collect(table.frame.select(pl.col(item).cast(ids.dtype, strict=False).alias("item_id"), *columns))
    distinct = rows.unique("item_id", keep="first", maintain_order=True)
    catalogue = pl.DataFrame({"item_id": ids}).join(distinct, on="item_id", how="left", maintain_order="left")
    blank = catalogue.select(pl.all_horizontal(pl.col(c).is_null() for c in text) if text else pl.lit(True))
    known = distinct.join(pl.DataFrame({"item_id": ids}), on="item_id", how="semi").height
    counted = [
        ("repeated rows of one item (the first counts)", rows.height - distinct.height),
        ("items described but without interactions (left out)", distinct.height - known),
        ("items without any text (kept)", int(blank.to_series().sum()) if len(text) else len(ids)),
    ]
    return catalogue, counted


def _as_text(column: str, dtype: pl.DataType) -> pl.Expr:
    if isinstance(dtype, pl.List):
        text = pl.col(column).cast(pl.List(pl.String)).list.drop_nulls().list.join(", ")
    elif dtype.is_nested() or dtype == pl.Binary:
        raise InputError(f"the column {column!r} of the items holds {dtype}, which is no text")
    else:
        text = pl.col(column).cast(pl.String)
    cleaned = text.str.replace_all(CONTROL_CHARACTERS, " ").str.strip_chars()
    return pl.when(cleaned != "").then(cleaned).alias(column)
