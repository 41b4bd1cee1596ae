"""A small catalogue with texts, its training prefixes, and the stages up to neighbours, with the real encoder."""

from pathlib import Path

import numpy as np
import polars as pl

from sracl.config import RunConfig
from sracl.datasets.dataset import Dataset
from sracl.datasets.sequences import Sequences
from sracl.datasets.splits import Split, leave_one_out
from sracl.semantics.encoders import Encoder
from sracl.semantics.stages import describe, embed, find_neighbors, pool_of
from sracl.semantics.writers import TemplateWriter

TITLES = ("rose shampoo", "mint shampoo", "red lipstick", "pink lipstick", "wet razor", "dry razor", None, "rose soap")
HISTORIES = ([0, 1, 7, 0, 1], [2, 3, 2, 3], [4, 5, 4, 5, 4, 5], [6, 6, 6, 0], [1, 0, 7], [3])


def small_dataset() -> Dataset:
    """Eight items of four kinds, one without a text; six users, one with a single interaction."""
    lengths = [len(history) for history in HISTORIES]
    values = np.array([item for history in HISTORIES for item in history])
    return Dataset(
        users=pl.DataFrame({"user_id": [f"u{number}" for number in range(len(HISTORIES))]}),
        catalogue=pl.DataFrame({"item_id": [10 * number for number in range(len(TITLES))], "title": TITLES}),
        histories=Sequences.from_sorted(np.repeat(np.arange(len(HISTORIES)), lengths), values, len(HISTORIES)),
        text_columns=("title",),
        domain="beauty products",
    )


def small_config(**changes: object) -> RunConfig:
    """A configuration for `small_dataset`."""
    values = {"dataset": {"name": "ml-100k", "max_length": 4}, "semantics": {"neighbors": 3}} | changes
    return RunConfig.model_validate(values)


def described(folder: Path, dataset: Dataset, config: RunConfig) -> Split:
    """The describe stage in `folder`; returns the split."""
    split = leave_one_out(dataset.histories)
    describe(folder, dataset, pool_of(split, config), TemplateWriter(), config)
    return split


def indexed(folder: Path, dataset: Dataset, config: RunConfig, encoder: Encoder) -> Split:
    """All three semantic stages in `folder`; returns the split."""
    split = described(folder, dataset, config)
    embed(folder, dataset, pool_of(split, config), encoder, lambda texts: None)
    find_neighbors(folder, dataset, split, config, lambda queries: None)
    return split
