"""A run's folder as benchmarks read it: the configuration, the data, and what was retrieved for them."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sracl.config import RunConfig, read_config
from sracl.datasets.dataset import Dataset
from sracl.datasets.prefixes import PrefixPool
from sracl.datasets.splits import Split, make_split
from sracl.objectives.training_objective import TrainingObjective
from sracl.semantics import index
from sracl.semantics.index import SemanticIndex
from sracl.semantics.stages import pool_of
from sracl.training.assembly import make_objective, make_plain_objective
from sracl.training.batches import TrainingRows


@dataclass(frozen=True)
class Prepared:
    """A run up to its neighbours, or to its data where a benchmark asks for no more."""

    folder: Path
    config: RunConfig
    dataset: Dataset
    split: Split
    pool: PrefixPool

    @classmethod
    def open(cls, folder: Path) -> "Prepared":
        """Raises InputError where there is no configuration or no prepared data."""
        config = read_config(folder / "config.yaml")
        dataset = Dataset.load(folder / "dataset")
        split = make_split(dataset, config.dataset.split)
        return cls(folder, config, dataset, split, pool_of(split, config))

    @cached_property
    def semantic(self) -> SemanticIndex:
        """What was retrieved."""
        return SemanticIndex.load(self.folder / "semantics", self.dataset, self.pool)

    @property
    def rows(self) -> TrainingRows:
        """What an epoch reads."""
        return TrainingRows.of(self.split.training, self.config.dataset.max_length)

    def prefix_embeddings(self) -> NDArray[np.float32]:
        """A copy in memory, `[P, D]`."""
        return np.array(index.open_array(self.folder / "semantics" / index.PREFIX_EMBEDDINGS, len(self.pool)))

    def plain(self, config: RunConfig | None = None) -> TrainingObjective:
        """The objective of the backbone alone; config: in place of the run's own."""
        return make_plain_objective(config or self.config, self.dataset.item_count, self.split.training)

    def whole(self, config: RunConfig | None = None) -> TrainingObjective:
        """The whole objective; config: in place of the run's own."""
        return make_objective(
            config or self.config, self.dataset.item_count, self.split.training, semantic=self.semantic
        )
