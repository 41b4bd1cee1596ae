"""The catalogue: every item of the interactions with its texts."""

import polars as pl

from sracl.datasets.dataset import same_ids
from sracl.datasets.identifiers import key_of
from sracl.datasets.report import PrepareReport
from sracl.datasets.tables import Opened
from sracl.errors import InputError

CONTROL_CHARACTERS = r"[\p{Cc}&&[^\n\t]]"
LISTS = pl.List | pl.Array


def text_columns_of(table: Opened, item: str, wanted: tuple[str, ...] | None) -> tuple[str, ...]:
    """The columns that describe an item: those wanted, or all of text (or of lists of text) besides the id.

    A text file states no types, so that there columns of numbers alone count as numbers. Raises InputError where a
    wanted column is missing.
    """
    if wanted is not None:
        for column in wanted:
            table.need(column, "an item's text", ".text")
        if "item_id" in wanted:
            raise InputError("the column `item_id` cannot be an item's text; take another for dataset.columns.text")
        return tuple(dict.fromkeys(wanted))
    schema = table.frame.collect_schema()
    found = [name for name in schema if name not in (item, "item_id") and _is_text(schema, name)]
    if not table.untyped or not found:
        return tuple(found)
    words = [(pl.col(c).is_not_null() & pl.col(c).cast(pl.Float64, strict=False).is_null()).any() for c in found]
    numeric = table.collect(table.frame.select(words)).row(0)
    return tuple(name for name, is_words in zip(found, numeric, strict=True) if is_words)


def _is_text(schema: pl.Schema, column: str) -> bool:
    dtype = schema[column]
    if isinstance(dtype, LISTS):
        return dtype.inner == pl.String
    return dtype in (pl.String, pl.Categorical, pl.Enum)


def build_catalogue(
    table: Opened, item: str, text: tuple[str, ...], ids: pl.Series, report: PrepareReport
) -> pl.DataFrame:
    """Columns `item_id` (as in `ids`, in this order) and the texts `text`: String, null where blank.

    Of several rows of one item the first counts; rows of items that are not among `ids` are left out; an item without
    a row has no text. Lists are joined with commas, numbers written out, control characters but newlines and tabs
    become spaces, and space at either end goes. Raises InputError for columns that cannot be read as text.
    """
    schema = table.frame.collect_schema()
    if schema[item].is_nested():
        raise InputError(f"{table.name}: the column {item!r} holds {schema[item]} as item ids; give integers or text")
    # Names of one's own could be any, also those of the columns that the join needs.
    names = [f"text {number}" for number in range(len(text))]
    texts = [_as_text(table, column).alias(name) for column, name in zip(text, names, strict=True)]
    chosen = _chosen_rows(table, item, ids, report)
    query = table.frame.select(texts).with_row_index("row") if texts else chosen.lazy().select("row")
    texts_by_number = table.collect(query.join(chosen.lazy(), on="row", how="inner"))
    catalogue = pl.DataFrame({"number": pl.arange(0, len(ids), dtype=pl.UInt32, eager=True), "item_id": ids})
    catalogue = catalogue.join(texts_by_number, on="number", how="left", maintain_order="left")
    catalogue = catalogue.select("item_id", *names).rename(dict(zip(names, text, strict=True)))
    described = catalogue.select(pl.any_horizontal(pl.col(text).is_not_null())).to_series().sum() if text else 0
    report.add("items without a row in the table of items (kept, without text)", len(ids) - chosen.height)
    report.add("items without any text (kept, those without a row among them)", len(ids) - int(described))
    return catalogue


def _chosen_rows(table: Opened, item: str, ids: pl.Series, report: PrepareReport) -> pl.DataFrame:
    """`row` (of the table) and `number` (place in `ids`) of the first row of every item that has one."""
    keys = table.collect(table.frame.select(key_of(table, item)))[item]
    known = pl.DataFrame({"id": ids}).with_row_index("number")
    rows = pl.DataFrame({"key": keys, "id": same_ids(keys, ids)}).with_row_index("row")
    nameless = rows["key"].null_count()
    distinct = rows.filter(pl.col("key").is_not_null()).unique("key", keep="first", maintain_order=True)
    chosen = distinct.join(known, on="id", how="inner")
    report.add("rows of the table of items without an id (left out)", nameless)
    report.add("repeated rows of one item (the first counts)", rows.height - nameless - distinct.height)
    report.add("items described but without interactions (left out)", distinct.height - chosen.height)
    return chosen.select("row", "number")


def _as_text(table: Opened, column: str) -> pl.Expr:
    dtype = table.frame.collect_schema()[column]
    if isinstance(dtype, LISTS) and not dtype.inner.is_nested():
        parts = pl.col(column).cast(pl.List(pl.String))
        text = parts.list.eval(pl.element().filter(pl.element().str.strip_chars() != "")).list.join(", ")
    elif dtype.is_nested() or dtype in (pl.Binary, pl.Object):
        raise InputError(
            f"{table.name}: the column {column!r} holds {dtype}, which is no text; take others for dataset.columns.text"
        )
    else:
        text = pl.col(column).cast(pl.String)
    cleaned = text.str.replace_all(CONTROL_CHARACTERS, " ").str.strip_chars()
    return pl.when(cleaned != "").then(cleaned)
