"""Products of each state with items of its own, a block of states at a time."""

from collections.abc import Iterator
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

HELD_BYTES = 16 * 2**20
"""Gathered item vectors held at a time: `[states, k, d]` of all would be k times the states."""


class _OwnProducts(torch.autograd.Function):
    """Gathers the vectors again on the way back rather than keep them."""

    @staticmethod
    def forward(
        ctx: Any, states: Float[Tensor, "m d"], rows: Float[Tensor, "U d"], places: Int[Tensor, "m k"]
    ) -> Float[Tensor, "m k"]:
        ctx.save_for_backward(states, rows, places)
        products = states.new_empty(places.shape)
        for block in _blocks(states, places):
            products[block] = torch.bmm(rows[places[block]], states[block, :, None])[:, :, 0]
        return products

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None]:
        states, rows, places = ctx.saved_tensors
        of_states, of_rows = torch.empty_like(states), torch.zeros_like(rows)
        for block in _blocks(states, places):
            weights, taken = gradients[0][block], places[block]
            of_states[block] = torch.bmm(weights[:, None, :], rows[taken])[:, 0, :]
            outer = weights[:, :, None] * states[block, None, :]
            of_rows.index_add_(0, taken.flatten(), outer.view(-1, states.shape[1]))
        return of_states, of_rows, None


def _blocks(states: Float[Tensor, "m d"], places: Int[Tensor, "m k"]) -> Iterator[slice]:
    a_state = places.shape[1] * states.shape[1] * states.element_size()
    size = max(1, HELD_BYTES // a_state)
    for begin in range(0, len(states), size):
        yield slice(begin, begin + size)


def own_products(
    states: Float[Tensor, "m d"], rows: Float[Tensor, "U d"], places: Int[Tensor, "m k"]
) -> Float[Tensor, "m k"]:
    """`states[i] . rows[places[i, j]]`, with gradients; holds HELD_BYTES of gathered vectors, whatever m and k."""
    products: Tensor = _OwnProducts.apply(states, rows, places)
    return products
