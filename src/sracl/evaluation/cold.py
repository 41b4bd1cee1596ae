"""How cold items are found: ranked among each other and among all items, beside what needs no model."""

from dataclasses import dataclass

import numpy as np
import polars as pl
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from sracl.datasets.sequences import Sequences
from sracl.evaluation.evaluate import Scorer

SEPARATOR = " | "
"""Between the parts of a category, from wide to narrow."""


@dataclass(frozen=True)
class AmongItems:
    """Another scorer's scores of some items; all others stand below them. chosen: which, `[N]`."""

    scorer: Scorer
    chosen: NDArray[np.bool_]

    def score(self, histories: Sequences, users: NDArray[np.int64]) -> Float[Tensor, "B N"]:
        """The scores, with one less than the row's lowest for every item that was not chosen."""
        scores = self.scorer.score(histories, users)
        lowest = scores.amin(dim=1, keepdim=True)
        chosen = torch.from_numpy(self.chosen).to(scores.device)
        # A step that counts beside large scores too.
        return torch.where(chosen, scores, lowest - 1.0 - lowest.abs())


@dataclass(frozen=True)
class CategoryPopularity:
    """Scores an item by the training interactions of all items of its category. scores: `[N]`."""

    scores: Float[Tensor, "N"]

    @classmethod
    def of(cls, categories: pl.Series, counts: NDArray[np.int64]) -> "CategoryPopularity":
        """categories: text `[N]`, of whose parts, wide to narrow, the last counts; null is one more category.

        counts: training interactions `[N]`.
        """
        last = categories.cast(pl.String).str.split(SEPARATOR).list.last()
        frame = pl.DataFrame({"category": last, "count": counts})
        summed = frame.select(pl.col("count").sum().over("category"))["count"].to_numpy()
        return cls(torch.from_numpy(summed.astype(np.float32)))

    def score(self, histories: Sequences, users: NDArray[np.int64]) -> Float[Tensor, "B N"]:
        """The same scores for every history."""
        return self.scores.expand(len(histories), -1).clone()
