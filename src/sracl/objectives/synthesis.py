"""The learnable synthesis of the positive sample from a prefix's neighbours."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional

NEGATIVE_SLOPE = 0.2


class Synthesis(nn.Module):
    """Weights a_pq = softmax_q LeakyReLU_0.2(a^T [W e_p ; W e_q]) of the neighbours q of p (SRA-CL, eqs. 7 to 9).

    `a^T [W e_p ; W e_q]` equals `(W a_1) . e_p + (W a_2) . e_q`: W is projected on a once a step rather than every
    embedding on W, which turns `2 A k D d` FLOP into `2 A k D`.

    embedding_dimension: D, the width of the texts' embeddings; dimension: d, the width of W's output.
    """

    def __init__(self, embedding_dimension: int, dimension: int, dropout: float = 0.5) -> None:
        super().__init__()
        self.dropout = dropout
        self.projection = nn.Parameter(torch.empty(embedding_dimension, dimension))
        self.attention = nn.Parameter(torch.empty(2 * dimension))
        nn.init.xavier_uniform_(self.projection)
        nn.init.xavier_uniform_(self.attention[None])

    def forward(
        self,
        anchors: Float[Tensor, "A D"],
        neighbours: Float[Tensor, "A k D"],
        present: Bool[Tensor, "A k"],
        kept: Bool[Tensor, "A k"],
    ) -> Float[Tensor, "A k"]:
        """Weight of every neighbour; 0 where it is not `present` or was dropped (not `kept`).

        The kept weights are divided by 1 - dropout while training, as dropout does. Every row has one present.
        """
        of_anchor, of_neighbour = self.attention.view(2, -1).unbind(0)
        score = (anchors @ (self.projection @ of_anchor))[:, None] + neighbours @ (self.projection @ of_neighbour)
        score = functional.leaky_relu(score, NEGATIVE_SLOPE).masked_fill(~present, float("-inf"))
        weights = torch.softmax(score, dim=1)
        scale = 1.0 / (1.0 - self.dropout) if self.training else 1.0
        return weights * (kept & present) * scale


class Mean(nn.Module):
    """Equal weights instead, of the same form: what the learned ones are compared with in the paper's ablation."""

    def __init__(self, dropout: float = 0.5) -> None:
        super().__init__()
        self.dropout = dropout

    def forward(
        self,
        anchors: Float[Tensor, "A D"],
        neighbours: Float[Tensor, "A k D"],
        present: Bool[Tensor, "A k"],
        kept: Bool[Tensor, "A k"],
    ) -> Float[Tensor, "A k"]:
        """One over the number of those `present`, 0 for those that were dropped; scaled as the learned weights are."""
        scale = 1.0 / (1.0 - self.dropout) if self.training else 1.0
        return (kept & present).to(anchors.dtype) / present.sum(dim=1, keepdim=True) * scale
