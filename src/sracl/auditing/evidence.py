"""What a run left on disk, opened for the audit: nothing in it is taken from what the run says it did."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sracl.config import RunConfig, read_config
from sracl.datasets.dataset import Dataset
from sracl.datasets.prefixes import PrefixPool
from sracl.datasets.sequences import Int64
from sracl.datasets.splits import Split, make_split
from sracl.errors import InputError, SraclError
from sracl.semantics import index

TRAINS, VALIDATES, TESTS = 0, 1, 2
"""What the last item of a prefix is: a training item, one up to the last validation target, or a later one."""


@dataclass(frozen=True)
class Evidence:
    """folder: the run's. config: as the run states it, `config.yaml`. dataset: its data; split: of its data."""

    folder: Path
    config: RunConfig
    dataset: Dataset
    split: Split

    @classmethod
    def of(cls, folder: Path) -> "Evidence":
        """Open a run's folder. Raises InputError where it holds no run, SraclError where that is damaged."""
        if not (folder / "config.yaml").exists() or not (folder / "dataset").exists():
            raise InputError(f"{folder} holds no run (config.yaml and dataset/); give the run_dir of one")
        config = read_config(folder / "config.yaml")
        dataset = Dataset.load(folder / "dataset")
        return cls(folder, config, dataset, make_split(dataset, config.dataset.split))

    @property
    def semantics(self) -> Path:
        """The folder of the semantic artefacts."""
        return self.folder / "semantics"

    @property
    def paper(self) -> bool:
        """Whether the run admits what the `paper` protocol does."""
        return self.config.protocol == "paper"

    @property
    def semantic(self) -> bool:
        """Whether semantic artefacts are there; the plain backbone has none."""
        return (self.semantics / index.PROFILES).exists()

    @cached_property
    def profiles(self) -> pl.DataFrame:
        """`profiles.parquet`: a row a row of the prefix arrays."""
        return index.read_table(self.semantics / index.PROFILES, ["user_id", "position", "text", "source"])

    @cached_property
    def items(self) -> pl.DataFrame:
        """`items.parquet`, of exactly the catalogue's items."""
        return index.read_items(self.semantics, self.dataset)

    @cached_property
    def users(self) -> Int64:
        """User number of every row of `profiles.parquet`, `[P]`."""
        return self.dataset.user_numbers(self.profiles["user_id"])

    @cached_property
    def positions(self) -> Int64:
        """Number of items of every row's prefix, `[P]`. Raises SraclError for prefixes that no history has."""
        positions = self.profiles["position"].to_numpy().astype(np.int64)
        if ((positions < 1) | (positions > self.dataset.histories.lengths[self.users])).any():
            raise SraclError(f"{self.semantics / index.PROFILES} holds prefixes that are in no history")
        return positions

    @cached_property
    def ends_with(self) -> NDArray[np.int8]:
        """What the last item of every row's prefix is, `[P]`: TRAINS, VALIDATES or TESTS."""
        return self.kind_of(self.users, self.positions)

    @cached_property
    def whole(self) -> PrefixPool:
        """All prefixes of all histories, held-out interactions included, to compare with."""
        return PrefixPool(self.dataset.histories, self.config.dataset.max_length)

    def kind_of(self, users: Int64, positions: Int64) -> NDArray[np.int8]:
        """What the item at each of these positions of histories, counted from 1, is."""
        training, validation = self.split.training_lengths, self._through_validation
        return (positions > training[users]).astype(np.int8) + (positions > validation[users]).astype(np.int8)

    def asks(self, users: Int64, positions: Int64) -> NDArray[np.bool_]:
        """Whether these prefixes are asked for their next item in training: it is a training item too."""
        return positions < self.split.training_lengths[users]

    @cached_property
    def _through_validation(self) -> Int64:
        return self.split.through_validation().lengths
