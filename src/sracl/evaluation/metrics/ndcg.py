"""NDCG@k: hits, the higher the better."""

import torch
from jaxtyping import Float, Int
from torch import Tensor


def ndcg(ranks: Int[Tensor, "B"], cutoff: int) -> Float[Tensor, "B"]:
    """NDCG@k of every user with one target: 1 / log2(rank + 1) if rank <= k, else 0; the ideal DCG is 1."""
    gain = 1.0 / torch.log2(ranks.to(torch.float64) + 1.0)
    return torch.where(ranks <= cutoff, gain, 0.0)
