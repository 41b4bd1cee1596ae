"""What a table must be so that a trained run can be updated with it."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from sracl.datasets.dataset import Dataset, same_ids
from sracl.datasets.identifiers import numbered_ids
from sracl.datasets.later import Later
from sracl.datasets.splits import make_split
from sracl.datasets.tables import open_table
from sracl.errors import InputError
from sracl.pipeline.run import Run
from sracl.pipeline.stages import built, source_of
from sracl.pipeline.updates import Past


@dataclass(frozen=True)
class Found:
    """What a new table holds: the update itself, its place among the run's, and how many of its rows were known."""

    later: Later
    digest: str
    number: int
    known_rows: int
    known_items: int


def checked_data(run: Run, found: Found) -> Dataset:
    """The data with the update. Raises InputError for new items that no table tells of, and where the split moves."""
    past = Past((*run.past.later, found.later), (*run.past.digests, found.digest), run.dataset)
    data, _ = built(run.config, past)
    _check_new_items_are_told(run, found, data)
    _check_training_only_grows(run, data)
    return data


def same_histories(before: Dataset, now: Dataset) -> bool:
    """Whether there is nothing new to learn: an update that joins only adds."""
    return np.array_equal(before.histories.offsets, now.histories.offsets) and np.array_equal(
        before.histories.values, now.histories.values
    )


def _check_training_only_grows(run: Run, data: Dataset) -> None:
    """Raise InputError where the model has learnt an interaction that the data with the update do not train on."""
    learnt, trains = (
        pl.DataFrame({"user": np.repeat(np.arange(len(rows)), rows.lengths), "item": rows.values})
        .group_by("user", "item")
        .len()
        # Known users and items have the same numbers in both.
        for rows in (make_split(part, run.config.dataset.split).training for part in (run.dataset, data))
    )
    lost = learnt.join(trains, on=["user", "item"], how="left", suffix=" now")
    count = lost.filter(pl.col("len now").fill_null(0) < pl.col("len")).height
    if count:
        raise InputError(
            f"with the new interactions {count:,} that {run.folder} was trained on no longer train, so that its model "
            "would know what is asked.\n"
            "That comes of dataset.repeats `last` and of dataset.split by shares: train anew on all interactions."
        )


def _check_new_items_are_told(run: Run, found: Found, data: Dataset) -> None:
    """Raise InputError where an item that joins has a row in no table of items."""
    if not run.dataset.text_columns:
        return
    new = data.catalogue.join(run.dataset.catalogue, on="item_id", how="anti")
    silent = new.filter(pl.all_horizontal(pl.col(run.dataset.text_columns).is_null()))["item_id"]
    tables = [one.items for one in (*run.past.later, found.later) if one.items is not None]
    rows = [table["item_id"] for table in tables]
    source = source_of(run.config)
    if source.items is not None:
        keys = numbered_ids(open_table(source.items, "items"), source.columns.item, "item")["id"]
        rows.append(same_ids(keys, silent).drop_nulls())
    untold = silent.filter(~silent.is_in(pl.concat(rows).implode())) if rows else silent
    if len(untold):
        shown = ", ".join(repr(one) for one in untold.head(3).to_list())
        raise InputError(
            f"{len(untold):,} new item(s) have a row in no table of items: {shown}.\n"
            "Give their texts with --items; a row without text will do for one of which nothing is known."
        )
