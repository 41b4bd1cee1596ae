"""Cross entropy over the whole catalogue, a part of the catalogue at a time: near the cost of its matrix products."""

from contextlib import AbstractContextManager
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from sracl.products import fastest_float32, with_bfloat16_kernels

ITEMS_A_PART = 1024
"""Items whose logits are computed, turned into exponentials and multiplied on while a processor's cache holds them."""
HELD_BYTES = 32 * 2**20
"""Exponentials held from the pass that sums them to the pass that needs the sums."""
HELD_ROWS = 64
"""Where so few rows do not fit into HELD_BYTES (131,072 items), nothing is held and the second pass computes again."""
ROWS = 1024
"""Rows at a time where nothing is held."""
ROW_STEP = 16
"""Rows of a block are a multiple of this: products of few shapes, for each of which oneDNN compiles a kernel."""
SAFE_LOGIT = 40.0
"""Exponentials of logits up to this size, and sums of them, are far inside float32; larger ones are shifted."""


class _PartwiseCrossEntropy(torch.autograd.Function):
    """Computes the gradients with the loss, since the logits are not kept for a backward pass."""

    @staticmethod
    def forward(
        ctx: Any,
        states: Float[Tensor, "m d"],
        table: Float[Tensor, "R d"],
        targets: Int[Tensor, "m"],
        items: int,
        products: torch.dtype,
    ) -> Float[Tensor, ""]:
        table_gradient = torch.zeros_like(table, dtype=torch.float32)
        # Mixed precision would choose the products' precision itself.
        with torch.autocast(states.device.type, enabled=False), _kernels(products):
            loss, state_gradient = _loss_and_gradients(
                states.float(), table[:items].float(), targets, table_gradient[:items], products
            )
        ctx.save_for_backward(state_gradient.to(states.dtype), table_gradient.to(table.dtype))
        return loss

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None, None, None]:
        state_gradient, table_gradient = ctx.saved_tensors
        return state_gradient * gradients[0], table_gradient * gradients[0], None, None, None


def _kernels(products: torch.dtype) -> AbstractContextManager[None]:
    return fastest_float32() if products == torch.float32 else with_bfloat16_kernels()


def _loss_and_gradients(
    states: Float[Tensor, "m d"],
    table: Float[Tensor, "N d"],
    targets: Int[Tensor, "m"],
    table_gradient: Float[Tensor, "N d"],
    products: torch.dtype,
) -> tuple[Float[Tensor, ""], Float[Tensor, "m d"]]:
    """The loss and the gradient of `states`; the table's is added to `table_gradient`."""
    count = max(1, len(states))
    highest = _highest(states, table)
    fitting = HELD_BYTES // (products.itemsize * max(1, len(table)))
    held = fitting >= HELD_ROWS
    rows = _even(count, fitting if held else ROWS)
    # States of zeros fill the last block up: what they add to the table's gradient is zero.
    padded = _filled(states, rows)
    shift = None if highest is None else _filled(highest, rows)
    state_gradient, log_sum = torch.empty_like(padded), padded.new_empty(len(padded))
    multiplied = table.to(products)
    for begin in range(0, len(states), rows):
        block = slice(begin, begin + rows)
        log_sum[block] = _add_block(
            padded[block],
            multiplied,
            None if shift is None else shift[block],
            held,
            count,
            state_gradient[block],
            table_gradient,
        )
    state_gradient = state_gradient[: len(states)]
    at_targets = table.index_select(0, targets)
    total = log_sum[: len(states)].sum() - (states * at_targets).sum()
    state_gradient.sub_(at_targets, alpha=1 / count)
    table_gradient.index_add_(0, targets, states, alpha=-1 / count)
    return total / count, state_gradient


def _even(count: int, most: int) -> int:
    """Rows of a block: as even as can be, since two like blocks are faster than a full one and a rest."""
    rows = -(-count // -(-count // most))
    return -(-rows // ROW_STEP) * ROW_STEP


def _filled(values: Float[Tensor, "m w"], rows: int) -> Float[Tensor, "f w"]:
    """The values and zeros below, a multiple of `rows` in all."""
    return functional.pad(values, (0, 0, 0, -len(values) % rows))


def _add_block(
    states: Float[Tensor, "b d"],
    table: Float[Tensor, "N d"],
    shift: Float[Tensor, "b 1"] | None,
    held: bool,
    count: int,
    state_gradient: Float[Tensor, "b d"],
    table_gradient: Float[Tensor, "N d"],
) -> Float[Tensor, " b"]:
    """Set the gradient of `states` and add to that of `table`, both over `count`; gives each row's log-sum-exp.

    states, shift and gradients are float32; products are of the precision of `table`, and added up in float32.
    """
    mass = states.new_zeros(len(states))
    state_gradient.zero_()
    multiplied = states.to(table.dtype)
    parts = []
    for items in _parts(table):
        exponentials = _exponentials(multiplied, table[items], shift)
        mass += exponentials.sum(dim=1, dtype=torch.float32)
        _add_product(state_gradient, exponentials, table[items])
        parts.append(exponentials if held else None)
    share = (count * mass).reciprocal_()[:, None]
    state_gradient.mul_(share)
    weighted = (states * share).to(table.dtype)
    for items, kept in zip(_parts(table), parts, strict=True):
        exponentials = _exponentials(multiplied, table[items], shift) if kept is None else kept
        _add_product(table_gradient[items], exponentials.T, weighted)
    return mass.log_() if shift is None else mass.log_().add_(shift[:, 0])


def _add_product(total: Float[Tensor, "n d"], left: Float[Tensor, "n k"], right: Float[Tensor, "k d"]) -> None:
    """Add `left right` to `total`, float32; a product of half precision is rounded once, when all of it is summed."""
    if left.dtype == total.dtype:
        total.addmm_(left, right)
    else:
        total.add_(left @ right)


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
    states: Float[Tensor, "m d"],
    table: Float[Tensor, "R d"],
    targets: Int[Tensor, "m"],
    items: int | None = None,
    products: torch.dtype = torch.float32,
) -> Float[Tensor, ""]:
    """Mean over m of `-log softmax(states table^T)[target]`, in float32; 0 for m = 0.

    items: how many first rows of `table` are the catalogue, N; None: all. To give the table with the row that pads
    saves a gradient of the table's size, filled and copied, that a slice of it would cost.

    products: float32, or bfloat16, which rounds logits and exponentials to 8 bits, each by at most a 256th part of it,
    and adds up in float32.

    Costs three matrix products of `2 m N d` FLOP, gradients included (five where logits are large and nothing is held),
    and at most the larger of HELD_BYTES and `ROWS * ITEMS_A_PART` logits, whatever m and N. Without gradients wanted
    it costs the same: use it to train.
    """
    items = len(table) if items is None else items
    loss: Tensor = _PartwiseCrossEntropy.apply(states, table, targets, items, products)
    return loss
