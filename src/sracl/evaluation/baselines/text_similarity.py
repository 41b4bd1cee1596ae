"""Text similarity: what reads like the last item."""

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from sracl.datasets.sequences import Sequences
from sracl.datasets.sparse import last_items
from sracl.evaluation.baselines.base import Baseline, BaselineData


class TextSimilarity(Baseline):
    """Scores an item by the cosine of its text's embedding and that of the history's last item."""

    needs_texts = True

    def __init__(self, data: BaselineData) -> None:
        self.embeddings = torch.from_numpy(np.array(data.texts))

    def score(self, histories: Sequences, users: NDArray[np.int64]) -> Float[Tensor, "B N"]:
        """Cosines; 0 where either has no text."""
        scores: Tensor = self.embeddings[torch.from_numpy(last_items(histories))] @ self.embeddings.T
        return scores
