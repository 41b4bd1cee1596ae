"""LLM-ESR's retrieval augmented self-distillation: states move towards the mean of similar users' states."""

from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from sracl.datasets.prefixes import PrefixPool
from sracl.objectives.batch import Batch
from sracl.objectives.context import ObjectiveContext
from sracl.objectives.contrastive import ContrastiveObjective
from sracl.objectives.cross_sequence import CrossSequence, DrawnNeighbours, SharedRows
from sracl.objectives.processes import share_of_mean


class LLMESRDistillation(ContrastiveObjective[DrawnNeighbours]):
    """Mean of |f(p) - mean_q f(q)|^2 / d over the prefixes p, q their neighbours by texts (Liu et al., NeurIPS 2024).

    The neighbours' states teach and learn nothing from it. Around `item_embedding.kind: dual-view` f is
    [u_semantic : u_collaborative], as in LLM-ESR; its weight there is 0.1. There a user's neighbours are users, here a
    prefix's are prefixes. 0 where no prefix has neighbours.
    """

    title: ClassVar[str] = "LLM-ESR"
    semantic: ClassVar[bool] = True

    @classmethod
    def of(cls, context: ObjectiveContext, **settings: Any) -> "LLMESRDistillation":
        """The loss over the neighbours by texts."""
        index = context.index("semantic")
        return cls(index.pool, index.prefix_neighbors, index.prefix_embeddings, context.dimension, **settings)

    def __init__(
        self,
        pool: PrefixPool,
        neighbours: NDArray[np.int32],
        embeddings: NDArray[np.float32],
        dimension: int,
        shared_rows: SharedRows = True,
    ) -> None:
        super().__init__()
        self.neighbours = CrossSequence(
            pool, neighbours, embeddings, dimension, dropout=0.0, synthesis="mean", shared_rows=shared_rows
        )

    def draw(self, batch: Batch, anchors: Int[Tensor, "A"], generator: torch.Generator) -> DrawnNeighbours:
        """The rows of all neighbours; nothing is drawn."""
        return self.neighbours.draw(batch, anchors, generator)

    def loss(
        self, anchor_states: Float[Tensor, "A d"], encoded: Float[Tensor, "S d"], drawn: DrawnNeighbours
    ) -> Float[Tensor, ""]:
        """The squared distance, a mean over prefixes and columns."""
        own = anchor_states[drawn.used]
        if len(own) == 0:
            return own.sum() + 0.0 * encoded.sum()
        counts = torch.bincount(drawn.owners, minlength=len(own))[:, None]
        teacher = torch.zeros_like(own).index_add(0, drawn.owners, encoded.detach().to(own.dtype)) / counts
        return functional.mse_loss(own, teacher) * share_of_mean(len(own), own.device)
