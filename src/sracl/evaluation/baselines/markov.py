"""First-order Markov chain: what most often came right after the last item."""

from typing import Annotated

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from sracl.datasets.sequences import Sequences
from sracl.datasets.sparse import last_items, transitions
from sracl.evaluation.baselines.base import Baseline, BaselineData


class Markov(Baseline):
    """Scores an item by its probability to come next after the history's last item, and nothing else of the history.

    p(j | i) = (n_ij + smoothing p_j) / (n_i + smoothing), with n_ij how often j came right after i in training, n_i
    their sum and p_j the share of j among all training interactions (Dirichlet smoothing with popularity as the prior).
    """

    def __init__(
        self,
        data: BaselineData,
        smoothing: Annotated[float, Field(gt=0, description="transitions that popularity counts for")] = 1.0,
    ) -> None:
        self.smoothing = smoothing
        self.counts = transitions(data.training, data.item_count)
        self.totals = self.counts.sum(axis=1, dtype=np.float64)
        self.prior = data.popularity / max(1, len(data.training.values))

    def score(self, histories: Sequences, users: NDArray[np.int64]) -> Float[Tensor, "B N"]:
        """Probabilities, which sum to 1 in every row."""
        last = last_items(histories)
        counts = self.counts[last].toarray()
        scores = (counts + self.smoothing * self.prior) / (self.totals[last] + self.smoothing)[:, None]
        return torch.from_numpy(scores.astype(np.float32))
