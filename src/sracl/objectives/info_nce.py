"""InfoNCE over pairs of vectors, without false negatives of the same user."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional

from sracl.objectives.processes import of_all_processes


def info_nce(
    first: Float[Tensor, "B d"],
    second: Float[Tensor, "B d"],
    users: Int[Tensor, "B"],
    temperature: float = 1.0,
    alike: Int[Tensor, "B"] | None = None,
) -> Float[Tensor, ""]:
    """Mean over the 2B vectors of `-log(exp(s(v, v+)/t) / sum_w exp(s(v, w)/t))` (SRA-CL, eqs. 10 and 12).

    s is the dot product, v+ the partner of v, and w runs over v+ and all vectors of other users: vectors of v's own
    user nearly agree with it and are no negatives. 0 for no pairs.

    alike: a label of every pair, such as its intent: vectors of one label are no negatives of each other either.

    Where several processes share a step, B counts the pairs of all: nobody has fewer negatives than one process would.
    """
    first, second, users = of_all_processes(first), of_all_processes(second), of_all_processes(users)
    alike = None if alike is None else of_all_processes(alike)
    if len(first) == 0:
        return first.sum() + second.sum()
    vectors = torch.cat([first, second])
    count = len(first)
    partner = torch.arange(2 * count, device=vectors.device).roll(count)
    left_out = same(users) if alike is None else same(users) | same(alike)
    left_out = left_out.repeat(2, 2)
    left_out[torch.arange(2 * count, device=vectors.device), partner] = False
    similarity = (vectors @ vectors.T / temperature).masked_fill(left_out, float("-inf"))
    return functional.cross_entropy(similarity, partner)


def same(labels: Int[Tensor, "B"]) -> Bool[Tensor, "B B"]:
    """Which pairs of places have equal labels."""
    return labels[:, None] == labels[None, :]
