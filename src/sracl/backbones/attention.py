"""Scaled dot-product attention, by the fastest way that the device and the dropout allow."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

from sracl.backbones.dropout import dropout


def attention(
    query: Float[Tensor, "B h S e"],
    key: Float[Tensor, "B h T e"],
    value: Float[Tensor, "B h T e"],
    visible: Bool[Tensor, "#B 1 #S T"] | None,
    probability: float,
) -> Float[Tensor, "B h S e"]:
    """softmax(Q K^T / sqrt(e)) V.

    visible: the places that each query, or every one, may see, one at least; None: each sees up to its own.
    probability: of dropping an attention weight; 0 while not training. PyTorch has no fused attention with dropout
    on a processor and draws its masks slowly; there the three steps are written out.
    """
    if probability == 0 or query.device.type != "cpu":
        return functional.scaled_dot_product_attention(
            query, key, value, attn_mask=visible, is_causal=visible is None, dropout_p=probability
        )
    scores = (query * query.shape[-1] ** -0.5) @ key.transpose(2, 3)
    if visible is None:
        later = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
        scores = scores.masked_fill(later, float("-inf"))
    else:
        scores = scores.masked_fill(~visible, float("-inf"))
    return dropout(scores.softmax(dim=-1), probability, training=True) @ value
