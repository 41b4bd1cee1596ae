"""The recommendation loss: the next item among all items of the catalogue."""

from jaxtyping import Float, Int
from torch import Tensor

from sracl.objectives.catalogue_loss import catalogue_cross_entropy


def next_item_loss(
    states: Float[Tensor, "n d"],
    table: Float[Tensor, "R d"],
    targets: Int[Tensor, "n"],
    places: Int[Tensor, "m"],
    items: int | None = None,
) -> Float[Tensor, ""]:
    """Mean cross entropy of `f(p) E^T` over the prefixes p that end at `places` (SRA-CL, eq. 3).

    E are the first `items` rows of `table`; None: all.
    """
    return catalogue_cross_entropy(states.index_select(0, places), table, targets[places], items)
