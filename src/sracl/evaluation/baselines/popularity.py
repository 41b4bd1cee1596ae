"""Popularity: what most people chose, whoever asks."""

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from sracl.datasets.sequences import Sequences
from sracl.evaluation.baselines.base import Baseline, BaselineData


class Popularity(Baseline):
    """Scores an item by its number of training interactions."""

    def __init__(self, data: BaselineData) -> None:
        self.counts = torch.from_numpy(data.popularity.astype(np.float32))

    def score(self, histories: Sequences, users: NDArray[np.int64]) -> Float[Tensor, "B N"]:
        """The same scores for every history."""
        return self.counts.expand(len(histories), -1).clone()

    @property
    def shares(self) -> Float[Tensor, "N"]:
        """Scores in the same order, at least 0 and below 1: what stands behind items that have a better reason."""
        shares: Tensor = self.counts / (self.counts.max() + 1.0)
        return shares
