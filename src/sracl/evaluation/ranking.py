"""Ranks and the best k by counting and selecting, never by sorting the catalogue."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from sracl.datasets.sequences import Sequences
from sracl.errors import SraclError

NOT_FINITE = "the model gives scores that are NaN or infinite; train it again with a lower learning rate"

Cells = tuple[Int[Tensor, "c"], Int[Tensor, "c"]]
"""Cells of a matrix of scores: row numbers and item numbers."""


def seen_cells(histories: Sequences) -> Cells:
    """The cells of what each history holds, a row of scores a history."""
    owners = np.repeat(np.arange(len(histories)), histories.lengths)
    return torch.from_numpy(owners), torch.from_numpy(histories.values.astype(np.int64))


@dataclass(frozen=True)
class Ranks:
    """Rank of every user's target among all items, 1 being best, int64 `[B]` each.

    kept: seen items stay in the ranking; unseen: they are taken out, except the target itself.
    """

    kept: Int[Tensor, "B"]
    unseen: Int[Tensor, "B"]


def ranks_of_targets(scores: Float[Tensor, "B N"], targets: Int[Tensor, "B"], seen: Cells) -> Ranks:
    """Rank by counting the items that stand before the target; both ways from one pass over the scores.

    Among equal scores the lower item number stands first, as in `top_k` and in a stable sort. `seen` may name a cell
    more than once. Raises SraclError for scores that are not finite.
    """
    if not torch.isfinite(scores.sum()) and not torch.isfinite(scores).all():
        raise SraclError(NOT_FINITE)
    at_target = scores.gather(1, targets[:, None])
    items = torch.arange(scores.shape[1], device=scores.device)
    # Where no other item ties with the target, which is nearly always, one comparison a cell is enough.
    before = (scores > at_target).sum(dim=1)
    ties = (scores == at_target).sum(dim=1) > 1
    if ties.any():
        equal = scores[ties] == at_target[ties]
        before[ties] += (equal & (items < targets[ties, None])).sum(dim=1)
    return Ranks(before + 1, before + 1 - _seen_before(scores, targets, at_target, seen))


def _seen_before(
    scores: Float[Tensor, "B N"], targets: Int[Tensor, "B"], at_target: Float[Tensor, "B 1"], seen: Cells
) -> Int[Tensor, "B"]:
    """How many distinct seen items stand before each target."""
    rows, items = distinct(seen, scores.shape[1])
    score, target_score, target = scores[rows, items], at_target[rows, 0], targets[rows]
    before = (score > target_score) | ((score == target_score) & (items < target))
    return torch.zeros_like(targets).index_add_(0, rows, before.to(targets.dtype))


def distinct(cells: Cells, columns: int) -> tuple[Int[Tensor, "e"], Int[Tensor, "e"]]:
    """The same cells of a matrix of so many columns, each once."""
    found = torch.unique(cells[0] * columns + cells[1])
    return found // columns, found % columns


def top_k(
    scores: Float[Tensor, "B N"], k: int, exclude: Cells | None = None
) -> tuple[Int[Tensor, "B k"], Float[Tensor, "B k"]]:
    """The k best items of every row, best first, with their scores; among equal scores the lower item number first.

    Items of the cells `exclude` never appear; where fewer than k remain, -1 and minus infinity fill up. k <= N.
    Raises SraclError for scores that are not finite.
    """
    if not torch.isfinite(scores).all():
        raise SraclError(NOT_FINITE)
    if exclude is not None:
        scores = scores.index_put((exclude[0], exclude[1]), scores.new_tensor(float("-inf")))
    best, items = scores.topk(k, dim=1)
    lowest = best[:, -1:]
    # topk may choose any of several equal scores: where it had to choose, choose by item number.
    unclear = (scores == lowest).sum(dim=1) != (best == lowest).sum(dim=1)
    for row in torch.nonzero(unclear & (lowest[:, 0] > float("-inf"))).squeeze(1).tolist():
        above = items[row][best[row] > lowest[row]]
        equal = torch.nonzero(scores[row] == lowest[row]).squeeze(1)[: k - len(above)]
        items[row] = torch.cat([above, equal])
        best[row] = scores[row, items[row]]
    by_number = items.argsort(dim=1)
    items, best = items.gather(1, by_number), best.gather(1, by_number)
    order = best.argsort(dim=1, descending=True, stable=True)
    items, best = items.gather(1, order), best.gather(1, order)
    return items.masked_fill(best == float("-inf"), -1), best
