"""Cross entropy over the whole catalogue: SRA-CL's next-item loss."""

from jaxtyping import Float, Int
from torch import Tensor

from sracl.objectives.next_item.base import NextItemLoss
from sracl.objectives.next_item.catalogue_loss import catalogue_cross_entropy


class Softmax(NextItemLoss):
    """`-log softmax(f(p) E^T)[target]` over all items, nothing drawn (SRA-CL, eq. 3).

    Its cost grows with the catalogue: three products of all states with all items.
    """

    def mean(
        self,
        states: Float[Tensor, "m d"],
        table: Float[Tensor, "R d"],
        targets: Int[Tensor, "m"],
        negatives: Int[Tensor, "..."],
        items: int,
    ) -> Float[Tensor, ""]:
        """The mean cross entropy."""
        return catalogue_cross_entropy(states, table, targets, items)
