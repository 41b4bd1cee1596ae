"""A scorer that also remembers: the model as the prior of what comes next, transitions as the evidence."""

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from sracl.datasets.sequences import Sequences
from sracl.evaluation.evaluate import Scorer
from sracl.transition_memory.memory import TransitionMemory


class RememberingScorer:
    """Adds to another scorer's scores what the memory knows.

    With p the softmax of the scores, e the evidence and k the concentration, items stand in the order of p_j + e_j / k,
    which is the posterior mean of a multinomial whose prior is a Dirichlet of mean p and concentration k (MacKay and
    Bauman Peto 1995). An item without evidence keeps its score, so that scores stay logits.
    """

    def __init__(self, scorer: Scorer, memory: TransitionMemory) -> None:
        self.scorer, self.memory = scorer, memory

    def score(self, histories: Sequences, users: NDArray[np.int64]) -> Float[Tensor, "B N"]:
        """Score of every item after each of B histories (of at least one item)."""
        scores = self.scorer.score(histories, users)
        evidence = self.memory.evidence(histories).tocoo()
        rows = torch.from_numpy(evidence.row.astype(np.int64)).to(scores.device)
        items = torch.from_numpy(evidence.col.astype(np.int64)).to(scores.device)
        weights = torch.from_numpy(evidence.data / np.float32(self.memory.concentration)).to(scores)
        remembered = weights.log() + scores.logsumexp(dim=1)[rows]
        return scores.index_put((rows, items), torch.logaddexp(scores[rows, items], remembered))
