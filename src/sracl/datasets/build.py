"""From tables to a Dataset, by stated rules, each counted.

1. Ids must not be null or empty text; they come back unchanged. Times must all be readable; larger is later. Without a
   time column the order of the rows is the order in time.
2. Rows that repeat user, item and time are errors of export: the first counts. Without a time column there are none.
3. Histories are in time order; where times tie, the file's order stands.
4. Repeated interactions of a user with an item are kept (`repeats`: keep, first or last).
5. Users and items with fewer than `min_interactions` interactions are removed, iterated until none is left.
6. Users with fewer than 3 interactions are kept; under leave-one-out they only train.
7. The catalogue holds the items of the interactions that are left. Of several rows of one item in the items table the
   first counts; texts of other items are left out; items without a row or without text are kept.

Users and items are numbered in the sorted order of their ids, so that numbers do not depend on the order of rows. After
an update those that were numbered before keep their numbers, and new ones follow. The rules hold for all interactions
together, those of updates behind the others; and as more interactions never make the core smaller, who is known stays.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sracl.datasets.catalogue import build_catalogue, text_columns_of
from sracl.datasets.clock import PER_SECOND
from sracl.datasets.core import k_core
from sracl.datasets.dataset import Dataset
from sracl.datasets.interactions import in_order, read_interactions
from sracl.datasets.later import Later, with_later, with_later_texts
from sracl.datasets.report import PrepareReport
from sracl.datasets.sequences import Int64, Sequences
from sracl.datasets.splits.leave_one_out import MINIMUM_LENGTH
from sracl.datasets.tables import Columns, Frame, open_table
from sracl.errors import InputError

__all__ = ["Columns", "Frame", "PrepareReport", "build_dataset"]

Repeats = Literal["keep", "first", "last"]


def build_dataset(
    interactions: Frame,
    items: Frame | None,
    columns: Columns,
    *,
    min_interactions: int = 5,
    repeats: Repeats = "keep",
    domain: str | None = None,
    later: Sequence[Later] = (),
    known: Dataset | None = None,
) -> tuple[Dataset, PrepareReport]:
    """Read tables of interactions and of items and apply the rules above.

    interactions, items: a Polars or pandas frame or the path of a file; items None: there is no text. domain: what the
    items are, in the plural. later: what updates added, in their order; known: the data whose numbers stay.
    Interactions are held as three flat columns (two uint32 numbers and a time), never as Python objects. Raises
    InputError for whatever cannot be read, and where the rules leave nothing.
    """
    report = PrepareReport()
    table = read_interactions(open_table(interactions, "interactions"), columns)
    if later:
        report.add("interactions that updates added", sum(one.interactions.height for one in later))
    table = with_later(table, later, known)
    report.describe("read", np.bincount(table.frame["user"].to_numpy()), len(table.item_ids))
    frame = in_order(table, columns.time is not None, repeats, report)
    user, item, time = (frame[name].to_numpy() for name in ("user", "item", "time"))
    stays = k_core(user, item, min_interactions)
    if not stays.any():
        raise InputError(
            f"no interactions are left: no users and items have {min_interactions} among each other; lower "
            "dataset.min_interactions"
        )
    user_numbers, user = _renumbered(user[stays], len(table.user_ids))
    item_numbers, item = _renumbered(item[stays], len(table.item_ids))
    report.add(f"users removed (fewer than {min_interactions} interactions)", len(table.user_ids) - len(user_numbers))
    report.add(f"items removed (fewer than {min_interactions} interactions)", len(table.item_ids) - len(item_numbers))
    report.add("interactions removed with them", len(stays) - len(user))
    catalogue, text = _catalogue(items, columns, _gathered(table.item_ids, item_numbers), report, later)
    dataset = Dataset(
        users=_gathered(table.user_ids, user_numbers).alias("user_id").to_frame(),
        catalogue=catalogue,
        histories=Sequences.from_sorted(user, item, len(user_numbers)),
        text_columns=text,
        domain=domain,
        clock=table.clock,
        times=time[stays] if table.clock in PER_SECOND else None,
    )
    lengths = dataset.histories.lengths
    report.add(
        f"users with fewer than {MINIMUM_LENGTH} interactions (leave-one-out: only train)",
        int((lengths < MINIMUM_LENGTH).sum()),
    )
    report.describe("kept", lengths, dataset.item_count)
    return dataset, report


def _renumbered(codes: NDArray[np.uint32], count: int) -> tuple[Int64, Int64]:
    """The codes (below `count`) that occur, rising, and every code's place among them."""
    occurs = np.bincount(codes, minlength=count) > 0
    places = np.cumsum(occurs, dtype=np.int64) - 1
    return np.flatnonzero(occurs), places[codes]


def _gathered(ids: pl.Series, numbers: Int64) -> pl.Series:
    return ids.gather(pl.Series(numbers, dtype=pl.UInt32))


def _catalogue(
    items: Frame | None, columns: Columns, ids: pl.Series, report: PrepareReport, later: Sequence[Later]
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """The catalogue, and its text columns: none where no item has a text."""
    if items is None:
        return pl.DataFrame({"item_id": ids}), ()
    table = open_table(items, "items")
    table.need(columns.item, "item ids", ".item")
    text = text_columns_of(table, columns.item, columns.text)
    catalogue = build_catalogue(table, columns.item, text, ids, report)
    if later:
        silent = _without_text(catalogue, text)
        catalogue = with_later_texts(catalogue, text, later)
        report.add("of these, items that an update's table describes", silent - _without_text(catalogue, text))
    described = any(catalogue[name].null_count() < catalogue.height for name in text)
    return catalogue, text if described else ()


def _without_text(catalogue: pl.DataFrame, text: tuple[str, ...]) -> int:
    return int(catalogue.select(pl.all_horizontal(pl.col(text).is_null())).to_series().sum()) if text else 0
