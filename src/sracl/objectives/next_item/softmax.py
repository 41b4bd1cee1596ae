"""Cross entropy over the whole catalogue: SRA-CL's next-item loss."""

from typing import Annotated, Literal

import torch
from jaxtyping import Float, Int
from pydantic import Field
from torch import Tensor

from sracl.objectives.next_item.base import NextItemLoss
from sracl.objectives.next_item.catalogue_loss import catalogue_cross_entropy
from sracl.products import bfloat16_is_faster

Products = Annotated[
    Literal["float32", "bfloat16"],
    Field(description="precision of the catalogue's products; `bfloat16` where that is faster, weights stay float32"),
]


class Softmax(NextItemLoss):
    """`-log softmax(f(p) E^T)[target]` over all items, nothing drawn (SRA-CL, eq. 3).

    Its cost grows with the catalogue: three products of all states with all items.

    products: `bfloat16` multiplies in half precision where this processor, or a GPU, does that faster than in float32;
    weights, sums, gradients and the optimiser stay float32.
    """

    def __init__(self, products: Products = "float32") -> None:
        super().__init__()
        self.products = products

    def mean(
        self,
        states: Float[Tensor, "m d"],
        table: Float[Tensor, "R d"],
        targets: Int[Tensor, "m"],
        negatives: Int[Tensor, "..."],
        items: int,
    ) -> Float[Tensor, ""]:
        """The mean cross entropy."""
        return catalogue_cross_entropy(states, table, targets, items, self._dtype(states.device))

    def _dtype(self, device: torch.device) -> torch.dtype:
        faster = self.products == "bfloat16" and (device.type != "cpu" or bfloat16_is_faster())
        return torch.bfloat16 if faster else torch.float32
