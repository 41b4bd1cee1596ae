"""Cross entropy over the whole catalogue, a part of the catalogue at a time: near the cost of its matrix products."""

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

ITEMS_A_PART = 1024
"""Items whose logits are computed, turned into exponentials and multiplied on while a processor's cache holds them."""
HELD_BYTES = 32 * 2**20
"""Exponentials held from the pass that sums them to the pass that needs the sums."""
HELD_ROWS = 64
"""Where so few rows do not fit into HELD_BYTES (131,072 items), nothing is held and the second pass computes again."""
ROWS = 1024
"""Rows at a time where nothing is held."""
SAFE_LOGIT = 40.0
"""Exponentials of logits up to this size, and sums of them, are far inside float32; larger ones are shifted."""


class _PartwiseCrossEntropy(torch.autograd.Function):
    """Computes the gradients with the loss, since the logits are not kept for a backward pass."""

    @staticmethod
    def forward(
        ctx: Any, states: Float[Tensor, "m d"], table: Float[Tensor, "R d"], targets: Int[Tensor, "m"], items: int
    ) -> Float[Tensor, ""]:
        table_gradient = torch.zeros_like(table, dtype=torch.float32)
        # Mixed precision would turn the products into half precision, which is too coarse for a sum over a catalogue.
        with torch.autocast(states.device.type, enabled=False):
            loss, state_gradient = _loss_and_gradients(
                states.float(), table[:items].float(), targets, table_gradient[:items]
            )
        ctx.save_for_backward(state_gradient.to(states.dtype), table_gradient.to(table.dtype))
        return loss

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None, None]:
        state_gradient, table_gradient = ctx.saved_tensors
        return state_gradient * gradients[0], table_gradient * gradients[0], None, None


def _loss_and_gradients(
    states: Float[Tensor, "m d"],
    table: Float[Tensor, "N d"],
    targets: Int[Tensor, "m"],
    table_gradient: Float[Tensor, "N d"],
) -> tuple[Float[Tensor, ""], Float[Tensor, "m d"]]:
    """The loss and the gradient of `states`; the table's is added to `table_gradient`."""
    count = max(1, len(states))
    highest = _highest(states, table)
    fitting = HELD_BYTES // (4 * max(1, len(table)))
    rows = fitting if fitting >= HELD_ROWS else ROWS
    # A step has some 350 targets: two even blocks are faster than a full one and a rest.
    rows = -(-count // -(-count // rows))
    state_gradient = torch.empty_like(states)
    total = states.new_zeros(())
    for begin in range(0, len(states), rows):
        block = slice(begin, begin + rows)
        shift = None if highest is None else highest[block]
        total += _add_block(
            states[block], table, shift, fitting >= HELD_ROWS, count, state_gradient[block], table_gradient
        )
    at_targets = table.index_select(0, targets)
    total -= (states * at_targets).sum()
    state_gradient.sub_(at_targets, alpha=1 / count)
    table_gradient.index_add_(0, targets, states, alpha=-1 / count)
    return total / count, state_gradient


def _add_block(
    states: Float[Tensor, "b d"],
    table: Float[Tensor, "N d"],
    shift: Float[Tensor, "b 1"] | None,
    held: bool,
    count: int,
    state_gradient: Float[Tensor, "b d"],
    table_gradient: Float[Tensor, "N d"],
) -> Float[Tensor, ""]:
    """Set the gradient of `states` and add to that of `table`, both over `count`; gives the sum of log-sum-exp."""
    mass = states.new_zeros(len(states))
    state_gradient.zero_()
    parts = []
    for items in _parts(table):
        exponentials = _exponentials(states, table[items], shift)
        mass += exponentials.sum(dim=1)
        state_gradient.addmm_(exponentials, table[items])
        parts.append(exponentials if held else None)
    share = (count * mass).reciprocal_()[:, None]
    state_gradient.mul_(share)
    weighted = states * share
    for items, kept in zip(_parts(table), parts, strict=True):
        exponentials = _exponentials(states, table[items], shift) if kept is None else kept
        table_gradient[items].addmm_(exponentials.T, weighted)
    return mass.log_().sum() if shift is None else mass.log_().sum() + shift.sum()


def _exponentials(
    states: Float[Tensor, "b d"], items: Float[Tensor, "p d"], shift: Float[Tensor, "b 1"] | None
) -> Float[Tensor, "b p"]:
    logits = states @ items.T
    return (logits if shift is None else logits.sub_(shift)).exp_()


def _highest(states: Float[Tensor, "m d"], table: Float[Tensor, "N d"]) -> Float[Tensor, "m 1"] | None:
    """Each row's highest logit, to be taken from all before the exponential; None where none can be large."""
    if len(states) == 0 or float(states.norm(dim=1).amax() * table.norm(dim=1).amax()) <= SAFE_LOGIT:
        return None
    highest = states.new_full((len(states), 1), float("-inf"))
    for items in _parts(table):
        torch.maximum(highest, (states @ table[items].T).amax(dim=1, keepdim=True), out=highest)
    return highest


def _parts(table: Float[Tensor, "N d"]) -> list[slice]:
    """Parts of the catalogue: small ones for a processor's cache, one for a device that wants large products."""
    size = ITEMS_A_PART if table.device.type == "cpu" else max(1, len(table))
    return [slice(begin, begin + size) for begin in range(0, len(table), size)]


def catalogue_cross_entropy(
    states: Float[Tensor, "m d"], table: Float[Tensor, "R d"], targets: Int[Tensor, "m"], items: int | None = None
) -> Float[Tensor, ""]:
    """Mean over m of `-log softmax(states table^T)[target]`, in float32; 0 for m = 0.

    items: how many first rows of `table` are the catalogue, N; None: all. To give the table with the row that pads
    saves a gradient of the table's size, filled and copied, that a slice of it would cost.

    Costs three matrix products of `2 m N d` FLOP, gradients included (five where logits are large and nothing is held),
    and at most the larger of HELD_BYTES and `ROWS * ITEMS_A_PART` logits, whatever m and N. Without gradients wanted
    it costs the same: use it to train.
    """
    loss: Tensor = _PartwiseCrossEntropy.apply(states, table, targets, len(table) if items is None else items)
    return loss
