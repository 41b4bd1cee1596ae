"""The recommendation loss: the next item among all items of the catalogue."""

from jaxtyping import Float, Int
from torch import Tensor

from sracl.objectives.catalogue_loss import catalogue_cross_entropy
from sracl.objectives.processes import share_of_mean


def next_item_loss(
    states: Float[Tensor, "n d"],
    table: Float[Tensor, "R d"],
    targets: Int[Tensor, "n"],
    places: Int[Tensor, "m"],
    items: int | None = None,
) -> Float[Tensor, ""]:
    """Mean cross entropy of `f(p) E^T` over the prefixes p that end at `places` (SRA-CL, eq. 3).

    E are the first `items` rows of `table`; None: all. Where several processes share a step, the average of what they
    return is the mean over the prefixes of all.
    """
    loss = catalogue_cross_entropy(states.index_select(0, places), table, targets[places], items)
    share = share_of_mean(len(places), states.device)
    return loss if share == 1.0 else loss * share
