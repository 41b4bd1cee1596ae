"""The table of interactions as three flat arrays: numbered, in order, without rows that repeat another."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sracl.datasets.clock import Clock, clock_of
from sracl.datasets.identifiers import key_of, numbered_ids
from sracl.datasets.report import PrepareReport
from sracl.datasets.tables import Columns, Opened
from sracl.datasets.times import sortable_times
from sracl.errors import InputError


@dataclass(frozen=True)
class Interactions:
    """user_ids, item_ids: the ids by number; frame: columns `user`, `item` (uint32 numbers) and `time`, in `clock`."""

    user_ids: pl.Series
    item_ids: pl.Series
    frame: pl.DataFrame
    clock: Clock


def read_interactions(table: Opened, columns: Columns) -> Interactions:
    """All rows in the file's order, with times as numbers that sort (all 0 where there is no time column).

    Only the three columns are read, and ids are replaced by numbers in a join, never as Python objects. Raises
    InputError for a missing column, ids and times that cannot be read, and where there are no rows.
    """
    table.need(columns.user, "user ids", ".user")
    table.need(columns.item, "item ids", ".item")
    if columns.time is not None:
        table.need(columns.time, "the time", ".time, or set it to null to take the order of the rows")
    users = numbered_ids(table, columns.user, "user")
    items = numbered_ids(table, columns.item, "item")
    if users.is_empty():
        raise InputError(f"{table.name} holds no interactions")
    query = (
        table.frame.select(
            key_of(table, columns.user).alias("user key"),
            key_of(table, columns.item).alias("item key"),
            (pl.lit(0, pl.Int64) if columns.time is None else pl.col(columns.time)).alias("time"),
        )
        .join(_lookup(users, "user"), on="user key", how="left", maintain_order="left")
        .join(_lookup(items, "item"), on="item key", how="left", maintain_order="left")
        .select("user", "item", "time")
    )
    frame = table.collect(query)
    if frame["user"].null_count() or frame["item"].null_count():
        raise InputError(f"{table.name} gave other ids when it was read again; is it being written?")
    times = sortable_times(frame["time"].rename(columns.time or "time"), table.name)
    timed = columns.time is not None
    clock = clock_of(frame["time"], times.to_numpy(), frame["user"].to_numpy()) if timed else "none"
    return Interactions(users["id"], items["id"], frame.with_columns(times.alias("time")), clock)


def _lookup(ids: pl.DataFrame, kind: str) -> pl.LazyFrame:
    return ids.lazy().select(pl.col("key").alias(f"{kind} key"), pl.col("number").alias(kind))


def in_order(interactions: Interactions, timed: bool, repeats: str, report: PrepareReport) -> pl.DataFrame:
    """Rows by user and time, ties in the file's order, without those that repeat another.

    timed: whether there is a time column; repeats: which of a user's interactions with one item to keep: `keep` (all),
    `first` or `last`.
    """
    frame = interactions.frame.sort("user", "time", maintain_order=True)
    item_count = len(interactions.item_ids)
    if timed:
        frame = _without_copies(frame, item_count, report)
    pair = frame["user"].cast(pl.UInt64) * item_count + frame["item"]
    kept = pair.is_last_distinct() if repeats == "last" else pair.is_first_distinct()
    repeated = int((~kept).sum())
    if repeats == "keep":
        report.add("repeated interactions with an item (kept)", repeated)
        return frame
    report.add(f"repeated interactions with an item (removed, the {repeats} is kept)", repeated)
    return frame.filter(kept)


def _without_copies(frame: pl.DataFrame, item_count: int, report: PrepareReport) -> pl.DataFrame:
    """Rows without those that repeat user, item and time of an earlier one; `frame` is in order."""
    user, time = frame["user"].to_numpy(), frame["time"].to_numpy()
    same = np.zeros(len(user), dtype=bool)  # as the row before, in user and time
    same[1:] = (user[1:] == user[:-1]) & (time[1:] == time[:-1])
    # Copies can only be among rows that share user and time with a neighbour, mostly few.
    tied = same.copy()
    tied[:-1] |= same[1:]
    rows = np.flatnonzero(tied)
    moment: NDArray[np.int64] = np.cumsum(~same)[rows]
    copies = rows[~_first_distinct(moment * item_count + frame["item"].to_numpy()[rows])]
    report.add("rows that repeat user, item and time (the first counts)", len(copies))
    report.add("interactions at the time of the one before (file's order)", int(same.sum()) - len(copies))
    if len(copies) == 0:
        return frame
    kept = np.ones(len(user), dtype=bool)
    kept[copies] = False
    return frame.filter(pl.Series(kept))


def _first_distinct(keys: NDArray[np.int64]) -> NDArray[np.bool_]:
    return pl.Series(keys, dtype=pl.Int64).is_first_distinct().to_numpy()
