"""Repeat-last: the history backwards."""

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from sracl.datasets.sequences import Sequences
from sracl.evaluation.baselines.base import Baseline, BaselineData
from sracl.evaluation.baselines.popularity import Popularity


class RepeatLast(Baseline):
    """The last item first, then the one before, each item once; then all others by popularity."""

    def __init__(self, data: BaselineData) -> None:
        self.shares = Popularity(data).shares

    def score(self, histories: Sequences, users: NDArray[np.int64]) -> Float[Tensor, "B N"]:
        """An item of the history gets 1 plus its place in it, counted from the oldest; others less than 1."""
        scores = self.shares.expand(len(histories), -1).clone()
        owners = np.repeat(np.arange(len(histories)), histories.lengths)
        places = np.arange(len(histories.values)) - np.repeat(histories.offsets[:-1], histories.lengths)
        cells = torch.from_numpy(owners * scores.shape[1] + histories.values)
        latest = torch.from_numpy((places + 1).astype(np.float32))
        scores.view(-1).scatter_reduce_(0, cells, latest, "amax")
        return scores
