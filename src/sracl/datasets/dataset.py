"""The data that every later part reads: users, catalogue, histories."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sracl.datasets.clock import PER_SECOND, Clock
from sracl.datasets.sequences import Int64, Sequences
from sracl.errors import InputError
from sracl.files import folder_written_aside, write_json

COUNTED_AT_ONCE = 1 << 20


@dataclass(frozen=True)
class Dataset:
    """Users and items are numbered from 0 in the order of their ids; everything else refers to these numbers.

    users: column `user_id` (any type), a row a user, row u being user number u.
    catalogue: column `item_id` (any type) and the columns named in `text_columns`, a row an item.
    histories: each user's item numbers in time order, oldest first, all interactions.
    text_columns: the catalogue's columns that describe an item, the most telling first; empty: there is no text.
    domain: what the items are, in the plural (`films`), or None.
    clock: what the times of the interactions count; times: `[total]`, int64 or float64, beside `histories.values`, None
    where moments of two users cannot be compared (clock `none` or `order`).
    """

    users: pl.DataFrame
    catalogue: pl.DataFrame
    histories: Sequences
    text_columns: tuple[str, ...] = ()
    domain: str | None = None
    clock: Clock = "none"
    times: NDArray[np.int64] | NDArray[np.float64] | None = None

    @property
    def user_count(self) -> int:
        """Number of users."""
        return self.users.height

    @property
    def item_count(self) -> int:
        """Number of items; also the number that pads."""
        return self.catalogue.height

    @property
    def popularity(self) -> Int64:
        """Number of interactions of every item, `[items]`."""
        counts = np.zeros(self.item_count, dtype=np.int64)
        # Counting all at once would hold a copy of all of them, eight bytes each.
        for begin in range(0, len(self.histories.values), COUNTED_AT_ONCE):
            part = self.histories.values[begin : begin + COUNTED_AT_ONCE]
            counts += np.bincount(part, minlength=self.item_count)
        return counts

    @property
    def titles(self) -> pl.Series:
        """What stands for each item in a list, String `[items]`: its first text column, else its id."""
        title = pl.col(self.text_columns[0]) if self.text_columns else pl.lit(None, pl.String)
        return self.catalogue.select(pl.coalesce(title, pl.col("item_id").cast(pl.String))).to_series()

    def save(self, folder: Path) -> None:
        """Write `users.parquet`, `catalogue.parquet`, `histories*.npy`, `times.npy` and `dataset.json`, or nothing."""
        with folder_written_aside(folder) as aside:
            self.users.write_parquet(aside / "users.parquet")
            self.catalogue.write_parquet(aside / "catalogue.parquet")
            self.histories.save(aside, "histories")
            if self.times is not None:
                np.save(aside / "times.npy", self.times)
            counts = {"users": self.user_count, "items": self.item_count, "interactions": len(self.histories.values)}
            facts = {"text_columns": self.text_columns, "domain": self.domain, "clock": self.clock}
            write_json(aside / "dataset.json", counts | facts)

    @classmethod
    def load(cls, folder: Path) -> "Dataset":
        """Open what `save` wrote; histories and times are memory-mapped. Raises InputError where it is damaged."""
        try:
            facts = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
            counts = (facts["users"], facts["items"], facts["interactions"])
            clock = facts.get("clock", "none")  # data prepared before times were kept have none
            timed = clock in PER_SECOND
            dataset = cls(
                users=pl.read_parquet(folder / "users.parquet", glob=False),
                catalogue=pl.read_parquet(folder / "catalogue.parquet", glob=False),
                histories=Sequences.load(folder, "histories"),
                text_columns=tuple(facts["text_columns"]),
                domain=facts["domain"],
                clock=clock,
                times=np.load(folder / "times.npy", mmap_mode="r", allow_pickle=False) if timed else None,
            )
        except (OSError, ValueError, KeyError, TypeError, EOFError, pl.exceptions.PolarsError) as error:
            raise InputError(f"{folder} holds no readable data set ({error}); run `sracl prepare` again") from error
        dataset._check(folder, counts)
        return dataset

    def _check(self, folder: Path, counts: tuple[Any, Any, Any]) -> None:
        """Raise InputError unless the parts fit together: no number may lead out of a table later."""
        histories = self.histories
        wrong = None
        if "user_id" not in self.users.columns:
            wrong = "its users have no user_id"
        elif missing := {"item_id", *self.text_columns} - set(self.catalogue.columns):
            wrong = f"its catalogue has no {', '.join(sorted(map(str, missing)))}"
        elif (self.user_count, self.item_count, len(histories.values)) != counts or len(histories) != self.user_count:
            wrong = "its files do not hold the counts it states"
        elif len(histories.values) and not 0 <= histories.values.min() <= histories.values.max() < self.item_count:
            wrong = "its histories hold numbers of no item"
        elif self.times is not None:
            wrong = wrong_times(self.times, histories)
        if wrong:
            raise InputError(f"{folder} is damaged: {wrong}; run `sracl prepare` again")

    def item_numbers(self, ids: pl.Series) -> Int64:
        """Number of every item id, `[len(ids)]`. Raises InputError naming the first unknown ids."""
        return numbers_of(self.catalogue["item_id"], ids, "item")

    def user_numbers(self, ids: pl.Series) -> Int64:
        """Number of every user id, `[len(ids)]`. Raises InputError naming the first unknown ids."""
        return numbers_of(self.users["user_id"], ids, "user")


def wrong_times(times: NDArray[Any], histories: Sequences) -> str | None:
    """What is wrong with the times of these histories, if anything."""
    if times.dtype not in (np.int64, np.float64) or times.shape != histories.values.shape:
        return "its times are not a number for every interaction"
    if not np.isfinite(times).all():
        return "its times hold NaN or infinite values"
    falls = times[1:] < times[:-1]
    starts = histories.offsets[1:-1]
    falls[starts[(starts > 0) & (starts < len(times))] - 1] = False  # from one history to the next it may fall
    return "its histories are not in the order of their times" if falls.any() else None


def numbers_of(known: pl.Series, ids: pl.Series, kind: str) -> Int64:
    """Position in `known` of every id, `[len(ids)]`, joined by value. Raises InputError for unknown ids."""
    if len(ids) == 0:
        return np.empty(0, dtype=np.int64)
    found = places_of(known, same_ids(ids, known))
    if (found < 0).any():
        missing = ids.filter(pl.Series(found < 0))
        shown = ", ".join(repr(i) for i in missing.unique(maintain_order=True).head(3).to_list())
        comparable = ids.dtype == known.dtype or (ids.dtype.is_integer() and known.dtype.is_integer())
        hint = "the model was not trained on them" if comparable else f"{kind} ids are {known.dtype}, not {ids.dtype}"
        raise InputError(f"{missing.n_unique()} unknown {kind} id(s): {shown}; {hint}")
    return found


def places_of(known: pl.Series, ids: pl.Series) -> Int64:
    """Position in `known` of every id of the same type, -1 for one that is not there, `[len(ids)]`."""
    placed = pl.DataFrame({"id": known, "place": np.arange(len(known), dtype=np.int64)})
    found = pl.DataFrame({"id": ids}).join(placed, on="id", how="left", maintain_order="left")["place"]
    return found.fill_null(-1).to_numpy(writable=True)


def same_ids(ids: pl.Series, known: pl.Series) -> pl.Series:
    """`ids` in the type of `known`, null where they do not come back unchanged: "7" is the number 7, "007" is none."""
    if ids.dtype == known.dtype:
        return ids
    none = pl.Series(ids.name, [None] * len(ids), dtype=known.dtype)
    if ids.dtype == pl.Boolean:
        return none
    try:
        found = ids.cast(known.dtype, strict=False)
        same = (found.cast(ids.dtype, strict=False) == ids).fill_null(False)
    except pl.exceptions.PolarsError:  # such as lists, of which no value can be a number
        return none
    return found.zip_with(same, none)
