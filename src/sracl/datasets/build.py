"""From tables to a Dataset, by stated rules, each counted.

1. Ids must not be null or blank; they come back unchanged. Times must all be readable.
2. Rows that repeat user, item and time are export errors: the first counts. Without a time column nothing is.
3. Histories are in time order; where times tie, the file's order stands.
4. Repeated interactions of a user with an item are kept (`repeats`: keep, first or last).
5. Users and items with fewer than `min_interactions` are removed, iterated until stable.
6. Users with fewer than 3 interactions are kept and only train.
7. Items without text are kept; texts of items without interactions are left out.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import polars as pl

from sracl.datasets.catalogue import build_catalogue, text_columns_of
from sracl.datasets.core import k_core
from sracl.datasets.dataset import Dataset
from sracl.datasets.identifiers import numbered_ids
from sracl.datasets.sequences import Sequences
from sracl.datasets.split import MINIMUM_LENGTH
from sracl.datasets.tables import Columns, Frame, Opened, open_table
from sracl.datasets.times import sortable_times
from sracl.errors import InputError

__all__ = ["Columns", "Frame", "PrepareReport", "build_dataset"]

Repeats = Literal["keep", "first", "last"]


@dataclass
class PrepareReport:
    """What the rules counted, in their order: labels and numbers."""

    counts: list[tuple[str, int | str]] = field(default_factory=list)

    def add(self, label: str, count: int | str) -> None:
        """Append a row."""
        self.counts.append((label, count))

    def rows(self) -> list[tuple[str, int | str]]:
        """All rows."""
        return list(self.counts)


def build_dataset(
    interactions: Frame,
    items: Frame | None,
    columns: Columns,
    *,
    min_interactions: int = 5,
    repeats: Repeats = "keep",
    domain: str | None = None,
) -> tuple[Dataset, PrepareReport]:
    """Read tables of interactions and of items and apply the rules above.

    Interactions are held as three flat columns (two uint32 numbers and a time), never as Python objects. Raises
    InputError for whatever cannot be read, and where the rules leave nothing.
    """
    report = PrepareReport()
    users, ids, frame = _numbered(open_table(interactions, "interactions"), columns, report)
    frame = _in_order(frame, columns.time is not None, repeats, report)
    user, item = frame["user"].to_numpy(), frame["item"].to_numpy()
    stays = k_core(user, item, min_interactions)
    if not stays.any():
        raise InputError(
            f"no interactions are left: no users and items have {min_interactions} among each other; lower "
            "dataset.min_interactions"
        )
    kept_users, user = np.unique(user[stays], return_inverse=True)
    kept_items, item = np.unique(item[stays], return_inverse=True)
    report.add(f"users removed (fewer than {min_interactions} interactions)", len(users) - len(kept_users))
    report.add(f"items removed (fewer than {min_interactions} interactions)", len(ids) - len(kept_items))
    report.add("interactions removed with them", int((~stays).sum()))
    catalogue, text = _catalogue(items, columns, ids.gather(pl.Series(kept_items)), report)
    dataset = Dataset(
        users=pl.DataFrame({"user_id": users.gather(pl.Series(kept_users))}),
        catalogue=catalogue,
        histories=Sequences.from_sorted(user, item, len(kept_users)),
        text_columns=text,
        domain=domain,
    )
    _describe(dataset, report)
    return dataset, report


def _numbered(table: Opened, columns: Columns, report: PrepareReport) -> tuple[pl.Series, pl.Series, pl.DataFrame]:
    """Ids of all users and of all items, by number; and a frame `user, item, time` in the file's order."""
    table.need(columns.user, "user ids", ".user")
    table.need(columns.item, "item ids", ".item")
    if columns.time is not None:
        table.need(columns.time, "the time", ".time; null takes the order of the rows")
    users = numbered_ids(table, columns.user, "user")
    ids = numbered_ids(table, columns.item, "item")
    if users.is_empty():
        raise InputError(f"{table.name} holds no interactions")
    time = pl.col(columns.time) if columns.time is not None else pl.lit(0, pl.Int64)
    query = (
        table.frame.select(pl.col(columns.user).alias("u"), pl.col(columns.item).alias("i"), time.alias("time"))
        .join(users.lazy().select(u="raw", user="number"), on="u", how="left", maintain_order="left")
        .join(ids.lazy().select(i="raw", item="number"), on="i", how="left", maintain_order="left")
        .select("user", "item", "time")
    )
    frame = table.collect(query)
    times = frame["time"].rename(columns.time or "time")
    frame = frame.with_columns(sortable_times(times, table.name).alias("time"))
    report.add("interactions read", frame.height)
    report.add("users read", users.height)
    report.add("items read", ids.height)
    return users["id"], ids["id"], frame


def _in_order(frame: pl.DataFrame, timed: bool, repeats: Repeats, report: PrepareReport) -> pl.DataFrame:
    """Rows by user and time, without those that repeat another."""
    if timed:
        distinct = frame.unique(["user", "item", "time"], keep="first", maintain_order=True)
        report.add("rows that repeat user, item and time (the first counts)", frame.height - distinct.height)
        frame = distinct
    frame = frame.sort("user", "time", maintain_order=True)
    if timed:
        tied = (frame["user"] == frame["user"].shift(1)) & (frame["time"] == frame["time"].shift(1))
        report.add("interactions at the time of the one before (file's order)", int(tied.sum()))
    repeated = frame.height - frame.select(pl.struct("user", "item").n_unique()).item()
    if repeats == "keep":
        report.add("repeated interactions with an item (kept)", repeated)
        return frame
    report.add(f"repeated interactions with an item (removed, the {repeats} is kept)", repeated)
    return frame.unique(["user", "item"], keep=repeats, maintain_order=True)


def _catalogue(
    items: Frame | None, columns: Columns, ids: pl.Series, report: PrepareReport
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    if items is None:
        return pl.DataFrame({"item_id": ids}), ()
    table = open_table(items, "items")
    text = text_columns_of(table, columns.item, columns.text)
    catalogue, counted = build_catalogue(table, columns.item, text, ids)
    for label, count in counted:
        report.add(label, count)
    described = catalogue.height - dict(counted)["items without any text (kept)"]
    return catalogue, text if described else ()


def _describe(dataset: Dataset, report: PrepareReport) -> None:
    lengths = dataset.histories.lengths
    total = len(dataset.histories.values)
    short: Any = (lengths < MINIMUM_LENGTH).sum()
    report.add(f"users with fewer than {MINIMUM_LENGTH} interactions (only train)", int(short))
    report.add("users", dataset.user_count)
    report.add("items", dataset.item_count)
    report.add("interactions", total)
    report.add("interactions a user: least / median / mean / most", (
        f"{lengths.min()} / {np.median(lengths):g} / {lengths.mean():.1f} / {lengths.max()}"
    ))  # fmt: skip
    report.add("density", f"{total / dataset.user_count / dataset.item_count:.4%}")
