"""What taught the model: histories like a given one, and items that could stand in place of its items."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sracl.config import read_config
from sracl.datasets.dataset import Dataset
from sracl.datasets.splits import make_split
from sracl.errors import SraclError
from sracl.semantics.index import SemanticIndex
from sracl.semantics.stages import pool_of
from sracl.serving.search import item_embeddings

ROWS_AT_ONCE = 65_536
SHOWN_ITEMS = 5
"""Of the history, the most recent ones."""


@dataclass(frozen=True)
class Like:
    """A prefix of somebody's history: its item numbers, the next one, the cosine with the asked history."""

    items: list[int]
    next: int
    similarity: float


class Explainer:
    """Looks into what retrieval found for a run. It shows what people had, never who they are."""

    def __init__(self, index: SemanticIndex, embeddings: NDArray[np.float32]) -> None:
        self.index, self.embeddings = index, embeddings
        pool = index.pool
        ends = np.zeros(len(pool), dtype=bool)
        offsets = pool.sequences.offsets
        ends[offsets[1:][np.diff(offsets) > 0] - 1] = True
        # A user's last prefix has no next item that the pool may know.
        self._followed = ~ends

    @classmethod
    def load(cls, run_dir: Path) -> "Explainer | None":
        """The run's explainer; None where the run kept no semantic index."""
        try:
            config = read_config(run_dir / "config.yaml")
            dataset = Dataset.load(run_dir / "dataset")
            pool = pool_of(make_split(dataset, config.dataset.split), config)
            embeddings = item_embeddings(run_dir, dataset)
            return (
                None
                if embeddings is None
                else cls(SemanticIndex.load(run_dir / "semantics", dataset, pool), embeddings)
            )
        except (SraclError, OSError):
            return None

    def like(self, history: NDArray[np.int64], k: int, item: int | None = None) -> list[Like]:
        """The k prefixes nearest to the mean of the history's item texts; with `item`, those that led to it first."""
        recent = history[-self.index.pool.max_length :]
        wanted = np.asarray(self.embeddings[recent]).mean(axis=0)
        wanted /= max(float(np.linalg.norm(wanted)), 1e-12)
        vectors = self.index.prefix_embeddings
        scores = np.concatenate(
            [
                np.asarray(vectors[begin : begin + ROWS_AT_ONCE]) @ wanted
                for begin in range(0, len(vectors), ROWS_AT_ONCE)
            ]
        )
        scores[~self._followed] = -np.inf
        nearest = np.argsort(-scores, kind="stable")[: max(k, 1000)]
        nearest = nearest[np.isfinite(scores[nearest])]
        following = self.index.pool.sequences.values[nearest + 1]
        order = np.argsort(following != item, kind="stable") if item is not None else np.arange(len(nearest))
        chosen, owners = [], set()
        for number in nearest[order]:
            owner = int(self.index.pool.users_of(np.array([number]))[0])
            if owner not in owners:  # one prefix of each person
                owners.add(owner)
                chosen.append(int(number))
            if len(chosen) == k:
                break
        rows = self.index.pool.items(np.array(chosen, dtype=np.int64))
        values = self.index.pool.sequences.values
        return [
            Like(rows[row].tolist(), int(values[number + 1]), float(scores[number]))
            for row, number in enumerate(chosen)
        ]

    def in_place_of(self, item: int, k: int) -> list[tuple[int, float]]:
        """The k items that could stand in an item's place, with their cosine."""
        found = [int(number) for number in self.index.item_neighbors[item][:k] if number >= 0]
        scores = np.asarray(self.embeddings[found]) @ np.asarray(self.embeddings[item]) if found else []
        return [(number, float(score)) for number, score in zip(found, scores, strict=True)]
