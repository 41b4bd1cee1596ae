"""Cross entropy over the whole catalogue in blocks: the logits of a batch are never held at once."""

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

BLOCK_BYTES = 8 * 2**20
"""Logits held at a time; some of a processor's last-level cache."""


class _BlockwiseCrossEntropy(torch.autograd.Function):
    """Computes the gradients with the loss, block by block, since the logits are not kept for a backward pass."""

    @staticmethod
    def forward(
        ctx: Any, states: Float[Tensor, "m d"], table: Float[Tensor, "N d"], targets: Int[Tensor, "m"]
    ) -> Float[Tensor, ""]:
        # Mixed precision would turn the products into half precision, which is too coarse for a sum over a catalogue.
        with torch.autocast(states.device.type, enabled=False):
            loss, state_gradient, table_gradient = _loss_and_gradients(states.float(), table.float(), targets)
        ctx.save_for_backward(state_gradient.to(states.dtype), table_gradient.to(table.dtype))
        return loss

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None]:
        state_gradient, table_gradient = ctx.saved_tensors
        return state_gradient * gradients[0], table_gradient * gradients[0], None


def _loss_and_gradients(
    states: Float[Tensor, "m d"], table: Float[Tensor, "N d"], targets: Int[Tensor, "m"]
) -> tuple[Float[Tensor, ""], Float[Tensor, "m d"], Float[Tensor, "N d"]]:
    state_gradient = torch.empty_like(states)
    table_gradient = torch.zeros_like(table)
    block = max(1, BLOCK_BYTES // (4 * len(table)))
    total = states.new_zeros(())
    for begin in range(0, len(states), block):
        part, target = states[begin : begin + block], targets[begin : begin + block, None]
        logits = part @ table.T
        at_target = logits.gather(1, target).squeeze(1)
        highest = logits.amax(dim=1, keepdim=True)
        probability = logits.sub_(highest).exp_()
        mass = probability.sum(dim=1, keepdim=True)
        total += (mass.log() + highest).sum() - at_target.sum()
        probability.div_(mass).scatter_add_(1, target, torch.full_like(mass, -1.0))
        torch.mm(probability, table, out=state_gradient[begin : begin + block])
        table_gradient.addmm_(probability.T, part)
    count = max(1, len(states))
    return total / count, state_gradient.div_(count), table_gradient.div_(count)


def catalogue_cross_entropy(
    states: Float[Tensor, "m d"], table: Float[Tensor, "N d"], targets: Int[Tensor, "m"]
) -> Float[Tensor, ""]:
    """Mean over m of `-log softmax(states table^T)[target]`, in float32; 0 for m = 0.

    Costs three matrix products of `2 m N d` FLOP, gradients included, and `BLOCK_BYTES` of logits. Without gradients
    wanted it costs the same: use it to train.
    """
    loss: Tensor = _BlockwiseCrossEntropy.apply(states, table, targets)
    return loss
