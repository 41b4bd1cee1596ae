"""Bounds of mutual information with f(a, b) = sigmoid(a^T W b), as S3-Rec maximises them (Zhou et al., CIKM 2020).

All are InfoNCE, -E[f(a, b) - log sum_b' exp f(a, b')], with b among the b'; the paper's losses write the sum over the
others alone, as its definition of InfoNCE and its authors' program do not. `Bilinear` may also do without the sigmoid,
under which a pair can never stand out from many by more than a factor of e.
"""

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from sracl.objectives.processes import share_of_mean

HELD_BYTES = 64 * 2**20
"""Scores held for the backward pass; where there are more, they are computed again, a block of rows at a time."""


class Bilinear(nn.Module):
    """f(a, b) = sigmoid(a^T W b), or a^T W b where not `bounded`."""

    def __init__(self, width: int, bounded: bool) -> None:
        super().__init__()
        self.bounded = bounded
        self.weight = nn.Parameter(nn.init.xavier_uniform_(torch.empty(width, width)))

    def with_all(self, vectors: Float[Tensor, "n d"], table: Float[Tensor, "N d"]) -> Float[Tensor, "n N"]:
        """F of each of `vectors` with every row of `table`."""
        return self._bounded(vectors @ self.weight @ table.T)

    def pairwise(self, vectors: Float[Tensor, "n d"], others: Float[Tensor, "n d"]) -> Float[Tensor, "n"]:
        """F of each of `vectors` with its own of `others`."""
        return self._bounded((vectors @ self.weight * others).sum(dim=1))

    def _bounded(self, products: Float[Tensor, "*n"]) -> Float[Tensor, "*n"]:
        return torch.sigmoid(products) if self.bounded else products


def against_all(
    score: Bilinear, vectors: Float[Tensor, "m d"], table: Float[Tensor, "N d"], targets: Int[Tensor, "m"]
) -> Float[Tensor, ""]:
    """Mean over m of -(f(v, e_target) - log sum_j exp f(v, e_j)), j over all N rows of `table`; 0 for m = 0."""

    def loss(rows: slice) -> Float[Tensor, ""]:
        return functional.cross_entropy(score.with_all(vectors[rows], table), targets[rows], reduction="sum")

    return _mean(_in_blocks(loss, vectors, len(table)), len(vectors))


def against_others(
    score: Bilinear,
    vectors: Float[Tensor, "n d"],
    table: Float[Tensor, "A d"],
    present: Callable[[slice], Bool[Tensor, "b A"]],
) -> Float[Tensor, ""]:
    """Mean over the rows that have any of -E_a[f(v, e_a) - log(exp f(v, e_a) + sum_a' exp f(v, e_a'))].

    a are the rows of `table` that are `present` for v, a' those that are not; 0 where no row has any.
    """
    counts = torch.cat([present(rows).sum(dim=1) for rows in _blocks(len(vectors), len(table))])

    def loss(rows: slice) -> Float[Tensor, ""]:
        own = present(rows)
        scores = score.with_all(vectors[rows], table)
        others = scores.masked_fill(own, float("-inf")).logsumexp(dim=1, keepdim=True)
        losses = (torch.logaddexp(scores, others) - scores).masked_fill(~own, 0.0)
        of_row = losses.sum(dim=1) / counts[rows].clamp(min=1)
        return of_row.sum()

    return _mean(_in_blocks(loss, vectors, len(table)), int((counts > 0).sum()))


def against_one(
    score: Bilinear, vectors: Float[Tensor, "R d"], positive: Float[Tensor, "R d"], negative: Float[Tensor, "R d"]
) -> Float[Tensor, ""]:
    """Mean over R of -(f(v, s) - log(exp f(v, s) + exp f(v, s'))) = -log sigmoid(f(v, s) - f(v, s')); 0 for R = 0."""
    losses = functional.softplus(score.pairwise(vectors, negative) - score.pairwise(vectors, positive))
    return _mean(losses.sum(), len(vectors))


def _mean(total: Float[Tensor, ""], count: int) -> Float[Tensor, ""]:
    """The mean over `count`, such that where several processes share a step the average of theirs is that over all."""
    return total / max(1, count) * share_of_mean(count, total.device)


def _in_blocks(loss: Callable[[slice], Tensor], vectors: Float[Tensor, "n d"], columns: int) -> Float[Tensor, ""]:
    blocks = _blocks(len(vectors), columns)
    if len(blocks) == 1:
        return loss(blocks[0])
    parts = [checkpoint(loss, rows, use_reentrant=False) for rows in blocks]
    return torch.stack(parts).sum()


def _blocks(rows: int, columns: int) -> list[slice]:
    size = max(1, HELD_BYTES // (4 * max(1, columns)))
    return [slice(begin, begin + size) for begin in range(0, max(1, rows), size)]
