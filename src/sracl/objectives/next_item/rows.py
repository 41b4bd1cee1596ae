"""The rows of the item table that a step touches, as a small table of their own."""

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor


class _Gathered(torch.autograd.Function):
    """Rows of a table by distinct numbers: their gradients are put into place, where `index_select` would add them."""

    @staticmethod
    def forward(ctx: Any, table: Float[Tensor, "R d"], numbers: Int[Tensor, "U"]) -> Float[Tensor, "U d"]:
        ctx.save_for_backward(numbers)
        ctx.shape = table.shape
        return table.index_select(0, numbers)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (numbers,) = ctx.saved_tensors
        whole = gradients[0].new_zeros(ctx.shape)
        whole[numbers] = gradients[0]
        return whole, None


def touched_rows(table: Float[Tensor, "R d"], items: Int[Tensor, "t"]) -> tuple[Float[Tensor, "U d"], Int[Tensor, "t"]]:
    """The rows of the distinct `items`, float32, and where each of `items` is among them.

    Everything that follows has gradients of U rows; the table's is filled once, at these rows.
    """
    distinct, places = torch.unique(items, return_inverse=True)
    rows: Tensor = _Gathered.apply(table, distinct)
    return rows.float(), places
