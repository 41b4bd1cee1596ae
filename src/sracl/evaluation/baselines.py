"""Baselines without training: what any model has to beat."""

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from sracl.datasets.sequences import Sequences


class Popularity:
    """Scores an item by its number of training interactions, whoever asks."""

    def __init__(self, training: Sequences, item_count: int) -> None:
        self.counts = torch.from_numpy(np.bincount(training.values, minlength=item_count).astype(np.float32))

    def score(self, histories: Sequences, users: NDArray[np.int64]) -> Float[Tensor, "B N"]:
        """The same scores for every history."""
        return self.counts.expand(len(histories), -1).clone()


class RepeatLast:
    """The history backwards: the last item first, each item once; then all others by popularity."""

    def __init__(self, training: Sequences, item_count: int) -> None:
        self.popularity = Popularity(training, item_count)

    def score(self, histories: Sequences, users: NDArray[np.int64]) -> Float[Tensor, "B N"]:
        """An item of the history gets 1 plus its place in it, counted from the oldest; others less than 1."""
        counts = self.popularity.score(histories, users)
        scores = counts / (counts.max() + 1.0)
        owners = np.repeat(np.arange(len(histories)), histories.lengths)
        places = np.arange(len(histories.values)) - np.repeat(histories.offsets[:-1], histories.lengths)
        cells = torch.from_numpy(owners * scores.shape[1] + histories.values)
        latest = torch.from_numpy((places + 1).astype(np.float32))
        scores.view(-1).scatter_reduce_(0, cells, latest, "amax")
        return scores
