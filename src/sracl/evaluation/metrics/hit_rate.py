"""HR@k: how often the target stands among the first k."""

import torch
from jaxtyping import Float, Int
from torch import Tensor


def hit_rate(ranks: Int[Tensor, "B"], cutoff: int) -> Float[Tensor, "B"]:
    """HR@k of every user with one target: 1 if rank <= k, else 0. Its mean is the share of hits, which is Recall@k."""
    return (ranks <= cutoff).to(torch.float64)
