"""Interactions and items that came after the data were prepared: read, compared with the known, and put behind."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from sracl.datasets.clock import PER_SECOND, Clock, is_text_of_dates, unit_of
from sracl.datasets.dataset import Dataset, numbers_of, places_of, same_ids
from sracl.datasets.identifiers import key_of, numbered_ids
from sracl.datasets.interactions import Interactions
from sracl.datasets.sequences import Int64, ranges
from sracl.datasets.tables import Columns, Opened
from sracl.datasets.times import sortable_times
from sracl.errors import InputError


@dataclass(frozen=True)
class Later:
    """What one update added.

    interactions: columns `user_id, item_id, time`, ids in the type of the data's, times in its clock (0 where it has
    none), in the order of the rows. items: catalogue rows that were told of with them, None where there were none.
    """

    interactions: pl.DataFrame
    items: pl.DataFrame | None = None


@dataclass(frozen=True)
class Compared:
    """New rows of a table of interactions, and how many of its rows were known or repeat another."""

    new: pl.DataFrame
    known: int


def read_later(table: Opened, columns: Columns, known: Interactions) -> Compared:
    """The rows of a table that continue the known interactions; rows that are known already are passed over.

    Without times none can be known again. Raises InputError for a missing column, ids of another type, times that are
    unreadable or of another kind, a row that is earlier than its user's last known interaction, and an empty table.
    """
    for column, purpose, hint in ((columns.user, "user ids", ".user"), (columns.item, "item ids", ".item")):
        table.need(column, purpose, hint)
    if columns.time is not None:
        table.need(columns.time, "the time", ".time")
    users, items = (
        _ids(table, column, kind, ids)
        for column, kind, ids in ((columns.user, "user", known.user_ids), (columns.item, "item", known.item_ids))
    )
    if not len(users):
        raise InputError(f"{table.name} holds no interactions")
    times = pl.Series("time", np.zeros(len(users), dtype=np.int64))
    if columns.time is not None:
        times = _times(table, columns.time, known.clock).alias("time")
    rows = pl.DataFrame({"user_id": users, "item_id": items, "time": times})
    if columns.time is None:
        return Compared(rows, 0)
    before = _told(known).with_columns(_like(known.frame["time"], times))
    rows = rows.with_columns(_like(times, known.frame["time"]))
    new = rows.with_row_index("row").join(before, on=["user_id", "item_id", "time"], how="anti")
    new = new.sort("row").unique(["user_id", "item_id", "time"], keep="first", maintain_order=True)
    _check_they_continue(new, known, table)
    return Compared(new.drop("row"), len(rows) - new.height)


def with_later(table: Interactions, later: Sequence[Later], known: Dataset | None) -> Interactions:
    """The interactions with those of updates behind them, and ids numbered so that those of `known` come first."""
    if not later:
        return table
    parts = [_told(table), *(one.interactions for one in later)]
    rows = pl.concat([part.select("user_id", "item_id", "time") for part in parts], how="vertical_relaxed")
    users = _first(rows["user_id"], None if known is None else known.users["user_id"])
    items = _first(rows["item_id"], None if known is None else known.catalogue["item_id"])
    frame = rows.select(
        pl.Series("user", numbers_of(users, rows["user_id"], "user"), dtype=pl.UInt32),
        pl.Series("item", numbers_of(items, rows["item_id"], "item"), dtype=pl.UInt32),
        "time",
    )
    return replace(table, user_ids=users, item_ids=items, frame=frame)


def with_later_texts(catalogue: pl.DataFrame, text: tuple[str, ...], later: Sequence[Later]) -> pl.DataFrame:
    """The catalogue, where an item without any text takes the first that an update told of it."""
    for one in later:
        if one.items is None or not text:
            continue
        told = [name for name in text if name in one.items.columns]
        found = catalogue.select("item_id").join(
            one.items.select("item_id", *told), on="item_id", how="left", maintain_order="left"
        )
        silent = catalogue.select(pl.all_horizontal(pl.col(text).is_null())).to_series()
        catalogue = catalogue.with_columns(found[name].zip_with(silent, catalogue[name]) for name in told)
    return catalogue


def same_beginnings(before: Dataset, now: Dataset) -> Int64:
    """How many of their first interactions the users of `before` have alike in `now`, `[users of before]`.

    An item that has joined since brings interactions that waited, which take their places in time.
    """
    users = places_of(now.users["user_id"], before.users["user_id"])
    items = places_of(now.catalogue["item_id"], before.catalogue["item_id"])
    there = np.where(users < 0, 0, now.histories.lengths[users])
    lengths = np.minimum(before.histories.lengths, there)
    old = items[before.histories.values[ranges(before.histories.offsets[:-1], lengths)]]
    new = now.histories.values[ranges(now.histories.offsets[users], lengths)]
    differing = np.flatnonzero(old != new)
    ends = np.cumsum(lengths)
    owners = np.searchsorted(ends, differing, side="right")
    alike = lengths.copy()
    np.minimum.at(alike, owners, differing - (ends - lengths)[owners])
    return alike


def _first(ids: pl.Series, known: pl.Series | None) -> pl.Series:
    """The distinct ids: those that are known, in their order, then the others in sorted order."""
    distinct = ids.unique().sort()
    if known is None:
        return distinct
    known = known.filter(known.is_in(distinct.implode()))
    return pl.concat([known.alias(ids.name), distinct.filter(~distinct.is_in(known.implode()))])


def _told(known: Interactions) -> pl.DataFrame:
    """The known interactions in ids, in their order."""
    return known.frame.select(
        known.user_ids.gather(known.frame["user"]).alias("user_id"),
        known.item_ids.gather(known.frame["item"]).alias("item_id"),
        "time",
    )


def _ids(table: Opened, column: str, kind: str, known: pl.Series) -> pl.Series:
    """A column of ids in the type of the known ones. Raises InputError for ids that are missing or of another type."""
    numbered = numbered_ids(table, column, kind)
    keys = table.collect(table.frame.select(key_of(table, column).alias("key")))["key"]
    ids = as_known(table, column, kind, numbered["key"], known)
    return ids.gather(places_of(numbered["key"], keys))


def as_known(table: Opened, column: str, kind: str, ids: pl.Series, known: pl.Series) -> pl.Series:
    """Ids of a table's column in the type of the known ones. Raises InputError for ids of another type."""
    same = same_ids(ids, known)
    if same.null_count():
        bad = ids.filter(same.is_null())
        raise InputError(
            f"{table.name}: {len(bad):,} {kind} id(s) in the column {column!r} are no {known.dtype} as the run's are, "
            f"such as {bad[0]!r}"
        )
    return same


def _times(table: Opened, column: str, clock: Clock) -> pl.Series:
    """Times as the known ones count them."""
    given = table.collect(table.frame.select(column))[column]
    times = sortable_times(given, table.name)
    if clock not in PER_SECOND:
        if given.dtype.is_temporal() or is_text_of_dates(given):
            raise InputError(
                f"{table.name}: the column {column!r} holds dates, such as {str(given[0])[:40]!r}, but the run's "
                "counts each user's interactions; give numbers that go on from there"
            )
        return times
    unit = unit_of(given, times.to_numpy())
    ours, theirs = PER_SECOND[clock], PER_SECOND[unit]
    if ours == theirs:
        return times
    return times * (ours // theirs) if ours > theirs else times // (theirs // ours)


def _like(times: pl.Series, others: pl.Series) -> pl.Series:
    """Whole times as floats where the others are such, so that they can be compared."""
    return times.cast(pl.Float64) if others.dtype == pl.Float64 else times


def _check_they_continue(new: pl.DataFrame, known: Interactions, table: Opened) -> None:
    """Raise InputError where an interaction is earlier than the last known one of its user."""
    last = known.frame.group_by("user").agg(last=pl.col("time").max())
    last = last.select(known.user_ids.gather(last["user"]).alias("user_id"), "last")
    early = new.join(last, on="user_id", how="inner").filter(pl.col("time") < pl.col("last")).sort("row")
    if early.height:
        row = early.row(0, named=True)
        raise InputError(
            f"{table.name}: {early.height:,} interaction(s) come before the last known one of their user, the first in "
            f"data row {row['row'] + 1} (user {row['user_id']!r}: {row['time']} before {row['last']}).\n"
            "An update continues histories: leave these rows out, or add them to the run's own data and train anew."
        )
