"""Ranks of targets where scores are products of vectors: counted a part of the catalogue at a time."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from sracl.errors import SraclError
from sracl.evaluation.ranking import NOT_FINITE, Cells, Ranks, distinct
from sracl.products import fastest_float32

ITEMS_A_PART = 1024
"""Items scored at a time on a processor: products of this width run at twice the speed of catalogue-wide ones."""


def ranks_of_products(
    states: Float[Tensor, "B d"], table: Float[Tensor, "N d"], targets: Int[Tensor, "B"], seen: Cells
) -> Ranks:
    """The ranks that `ranks_of_targets` gives for `states table^T`, with one comparison a score.

    Among equal scores the lower item number stands first: so in the parts of the catalogue that lie before the one of
    the target, a score counts from the target's own on, in those behind it only above; in the target's part alone equal
    scores are looked for. Holds B N scores. Raises SraclError for vectors whose products may not be finite.
    """
    if not torch.isfinite(states.abs().amax() * table.abs().amax() * table.shape[1]):
        raise SraclError(NOT_FINITE)
    scores = _Scores(states, table)
    rows = torch.arange(len(states), device=states.device)
    at_target = scores.at(rows, targets)[:, None]
    just_below = torch.nextafter(at_target, at_target.new_tensor(float("-inf")))
    before = torch.zeros_like(targets)
    for number, part in enumerate(scores.parts):
        threshold = torch.where((scores.part_of(targets) > number)[:, None], just_below, at_target)
        # int32 adds up flags twice as fast as the default of int64.
        before += (part > threshold).sum(dim=1, dtype=torch.int32)
        own = torch.nonzero(scores.part_of(targets) == number)[:, 0]
        items = number * scores.width + torch.arange(part.shape[1], device=part.device)
        before[own] += ((part[own] == at_target[own]) & (items < targets[own, None])).sum(dim=1)
    cells = distinct(seen, len(table))
    score, limit, target = scores.at(*cells), at_target[cells[0], 0], targets[cells[0]]
    seen_before = (score > limit) | ((score == limit) & (cells[1] < target))
    taken_out = torch.zeros_like(targets).index_add_(0, cells[0], seen_before.to(targets.dtype))
    return Ranks(before + 1, before + 1 - taken_out)


class _Scores:
    """`states table^T`, held as parts `[B, width]` of the catalogue, the last one narrower."""

    def __init__(self, states: Float[Tensor, "B d"], table: Float[Tensor, "N d"]) -> None:
        self.width = min(len(table), ITEMS_A_PART) if states.device.type == "cpu" else len(table)
        pieces = table.split(self.width)
        self.held = states.new_empty(len(pieces), len(states), self.width)
        self.parts = [self.held[number, :, : len(piece)] for number, piece in enumerate(pieces)]
        with fastest_float32():
            for part, piece in zip(self.parts, pieces, strict=True):
                torch.mm(states, piece.T, out=part)

    def part_of(self, items: Int[Tensor, "n"]) -> Int[Tensor, "n"]:
        """Number of the part that holds each item."""
        return items.div(self.width, rounding_mode="floor")

    def at(self, rows: Int[Tensor, "n"], items: Int[Tensor, "n"]) -> Float[Tensor, "n"]:
        """Scores of these cells."""
        return self.held[self.part_of(items), rows, items % self.width]
