"""Two views of every anchor's prefix, drawn and told apart again: what most contrastive objectives compare."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from sracl.backbones.rows import joined
from sracl.objectives.augmentations import Operator
from sracl.objectives.batch import Batch
from sracl.objectives.contrastive import Drawn


@dataclass(eq=False)
class DrawnViews(Drawn):
    """Two views of each of A anchors: the A first ones, then the A second ones. users: `[A]`."""

    users: Int[Tensor, "A"]

    def halves(self, encoded: Float[Tensor, "V d"]) -> tuple[Float[Tensor, "A d"], Float[Tensor, "A d"]]:
        """The states of the first views and those of the second."""
        first, second = encoded.view(2, len(self.users), encoded.shape[1]).unbind(0)
        return first, second


def draw_views(
    batch: Batch, anchors: Int[Tensor, "A"], first: Operator, second: Operator, generator: torch.Generator
) -> DrawnViews:
    """A view by `first` and one by `second` of every prefix that ends at one of the places `anchors`."""
    prefixes = batch.rows.up_to(anchors)
    views = [augment(prefixes, generator) for augment in (first, second)]
    return DrawnViews(rows=joined(views), users=batch.users_at(anchors))
