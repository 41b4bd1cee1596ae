"""MRR@k: the mean of one over the rank."""

import torch
from jaxtyping import Float, Int
from torch import Tensor


def reciprocal_rank(ranks: Int[Tensor, "B"], cutoff: int) -> Float[Tensor, "B"]:
    """Reciprocal rank of every user with one target: 1 / rank if rank <= k, else 0. Its mean is MRR@k."""
    return torch.where(ranks <= cutoff, 1.0 / ranks.to(torch.float64), 0.0)
