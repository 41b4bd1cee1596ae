"""Any scorer's best items as frames in ids: what a trained recommender and a baseline answer with alike."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor

from sracl.datasets.dataset import Dataset
from sracl.datasets.sequences import Sequences
from sracl.errors import InputError
from sracl.evaluation.evaluate import Scorer
from sracl.evaluation.ranking import seen_cells, top_k

DEFAULT_MEMORY = 32 * 2**20
"""Bytes of scores held at a time."""
Source = Literal["model", "popularity"]
MODEL: Source = "model"
POPULARITY: Source = "popularity"
"""What ranked the items of a history: the scorer, or, where the history is empty, popularity."""

Ids = Sequence[Any] | pl.Series


class OrPopularity:
    """Another scorer's scores, and for an empty history the items' numbers of interactions.

    counts: of every item of the catalogue, `[N]`.
    """

    def __init__(self, scorer: Scorer, counts: NDArray[np.integer]) -> None:
        self.scorer = scorer
        self.counts = torch.from_numpy(counts.astype(np.float32))

    def score(self, histories: Sequences, users: NDArray[np.int64]) -> Float[Tensor, "B N"]:
        """Score of every item after each of B histories, on the processor."""
        asked = np.flatnonzero(histories.lengths > 0)
        if len(asked) == len(histories):
            return self.scorer.score(histories, users).cpu()
        scores = self.counts.repeat(len(histories), 1)
        if len(asked):
            scores[torch.from_numpy(asked)] = self.scorer.score(histories.chosen(asked), users[asked]).cpu()
        return scores


@dataclass(frozen=True)
class Answers:
    """Recommendations by a scorer over a data set's users and items. An empty history is answered by popularity."""

    scorer: Scorer
    dataset: Dataset

    def to_users(self, users: Ids | None, k: int, exclude_seen: bool, source: bool = False) -> pl.DataFrame:
        """Columns `user_id, item_id, rank, score`, and `source` where it is asked for, best first, in the users' order.

        users: ids, None for all; each one's whole history is continued. Raises InputError for unknown users and k < 1.
        """
        nobody = self.dataset.users.clear().join(self._nothing(source).drop("row"), how="cross")
        return pl.concat([nobody, *self.to_users_in_blocks(users, k, exclude_seen, source)])

    def to_users_in_blocks(
        self, users: Ids | None, k: int, exclude_seen: bool, source: bool = False
    ) -> Iterator[pl.DataFrame]:
        """The same, a block of users at a time."""
        ids = self.dataset.users["user_id"]
        numbers = np.arange(len(ids)) if users is None else self.dataset.user_numbers(series_of(users))
        histories, scorer = self.dataset.histories, self._scorer()
        for part in blocks(numbers, k, self.dataset.item_count):
            block = self._best(scorer, histories.chosen(part), part, k, exclude_seen, source)
            owners = ids.gather(pl.Series(part[block["row"].to_numpy()], dtype=pl.UInt32))
            yield block.select(owners.alias("user_id"), pl.exclude("row"))

    def to_histories(self, histories: Sequence[Ids], k: int, exclude_seen: bool, source: bool = False) -> pl.DataFrame:
        """Columns `history, item_id, rank, score`, and `source` where it is asked for; history: the list's index.

        histories: item ids, oldest first; an empty one is somebody of whom nothing is known. Raises InputError for
        unknown items and k < 1.
        """
        series = [series_of(history) for history in histories]
        lengths = np.array([len(ids) for ids in series], dtype=np.int64)
        values = [self.dataset.item_numbers(ids) for ids in series]
        flat = Sequences.from_lengths(np.concatenate(values) if values else np.empty(0, dtype=np.int64), lengths)
        found, scorer = [self._nothing(source)], self._scorer()
        for part in blocks(np.arange(len(series)), k, self.dataset.item_count):
            block = self._best(scorer, flat.chosen(part), part, k, exclude_seen, source)
            found.append(block.with_columns(row=pl.col("row") + int(part[0])))
        return pl.concat(found).rename({"row": "history"})

    def _scorer(self) -> OrPopularity:
        """What scores all blocks of one call: popularity is counted once."""
        return OrPopularity(self.scorer, self.dataset.popularity)

    def _best(
        self,
        scorer: OrPopularity,
        histories: Sequences,
        users: NDArray[np.int64],
        k: int,
        exclude_seen: bool,
        source: bool,
    ) -> pl.DataFrame:
        scores = scorer.score(histories, users)
        seen = seen_cells(histories) if exclude_seen else None
        found = ranked_frame(self.dataset, *top_k(scores, min(k, self.dataset.item_count), seen))
        if not source:
            return found
        empty = pl.Series(histories.lengths[found["row"].to_numpy()] == 0, dtype=pl.Boolean)
        told = pl.when(empty).then(pl.lit(POPULARITY)).otherwise(pl.lit(MODEL))
        return found.with_columns(source=told)

    def _nothing(self, source: bool) -> pl.DataFrame:
        frame = ranked_frame(self.dataset, torch.empty(0, 0, dtype=torch.long), torch.empty(0, 0))
        return frame.with_columns(source=pl.lit(MODEL)) if source else frame


def blocks(numbers: NDArray[np.int64], k: int, item_count: int) -> Iterator[NDArray[np.int64]]:
    """`numbers` in parts whose scores of all items fit the memory. Raises InputError for k below 1."""
    if isinstance(k, bool) or not isinstance(k, int) or k < 1:
        raise InputError(f"k is {k!r}, but must be a whole number of at least 1")
    size = max(1, DEFAULT_MEMORY // (4 * item_count))
    for begin in range(0, len(numbers), size):
        yield numbers[begin : begin + size]


def ranked_frame(dataset: Dataset, items: Int[Tensor, "B k"], scores: Float[Tensor, "B k"]) -> pl.DataFrame:
    """Columns `row, item_id, rank, score` of items best first, without the -1 that stand for none."""
    rows, places = torch.nonzero(items >= 0, as_tuple=True)
    numbers = pl.Series(items[rows, places].numpy(), dtype=pl.UInt32)
    return pl.DataFrame(
        {
            "row": rows.numpy(),
            "item_id": dataset.catalogue["item_id"].gather(numbers),
            "rank": (places + 1).numpy().astype(np.int32),
            "score": scores[rows, places].numpy(),
        }
    )


def series_of(ids: Ids) -> pl.Series:
    """Ids as a series. Raises InputError for a single value and for mixed types."""
    if isinstance(ids, str | bytes):
        raise InputError(f"give a list of ids rather than the single value {ids!r}")
    if isinstance(ids, pl.Series):
        return ids
    try:
        return pl.Series(list(ids))
    except (TypeError, pl.exceptions.PolarsError) as error:
        raise InputError(f"the ids are of mixed types, such as {list(ids)[:3]!r}; give one type") from error
