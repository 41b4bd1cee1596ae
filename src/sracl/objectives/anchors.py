"""Which prefixes of a batch the contrastive losses take: drawing some costs less than taking all."""

import torch
from jaxtyping import Int
from torch import Tensor

from sracl.objectives.batch import Batch


def draw_anchors(batch: Batch, per_row: int | None, generator: torch.Generator) -> Int[Tensor, "A"]:
    """Places of `batch` that carry a target: up to `per_row` of each row, drawn uniformly; all where it is None.

    They come in the order of the places.
    """
    places = batch.with_target
    if per_row is None or len(places) == 0:
        return places
    chance = torch.rand(len(places), generator=generator).to(places.device)
    owner = batch.rows.owner[places]
    # Sorting by row plus a number in [0, 1) shuffles within rows; double precision keeps the fraction of large rows.
    order = torch.argsort(owner.double() + chance.double())
    firsts = torch.searchsorted(owner, owner, side="left")
    chosen = (torch.arange(len(places), device=places.device) - firsts) < per_row
    return places[torch.sort(order[chosen]).values]
