"""CL4SRec: two random crops, masks or reorderings of a prefix agree (Xie et al., ICDE 2022, arXiv 2010.14395)."""

from typing import Any, ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

from sracl.objectives.augmentations import Crop, Mask, OneOf, Reorder, Share
from sracl.objectives.batch import Batch
from sracl.objectives.context import ObjectiveContext
from sracl.objectives.contrastive import ContrastiveObjective, Temperature
from sracl.objectives.info_nce import info_nce
from sracl.objectives.views import DrawnViews, draw_views


class CL4SRec(ContrastiveObjective[DrawnViews]):
    """InfoNCE between f(a(p)) and f(b(p)), a and b each drawn anew for every prefix from the three operators.

    With u and v the two views' vectors: the loss is the mean over all of `-log(exp(u.v) / (exp(u.v) + sum exp(u.w)))`,
    w over the other vectors of the step. Vectors of the same user are left out of w: the paper takes one sequence of
    each user, whose views they would be.

    A masked item is the number that pads, a vector of zeros with its position, rather than a learned "[mask]".
    Shares are those of DuoRec's release, which has CL4SRec; the paper tunes them by data set.
    """

    title: ClassVar[str] = "CL4SRec"

    @classmethod
    def of(cls, context: ObjectiveContext, **settings: Any) -> "CL4SRec":
        """The loss for this catalogue."""
        return cls(context.item_count, **settings)

    def __init__(
        self,
        item_count: int,
        crop: Share = 0.6,
        mask: Share = 0.3,
        reorder: Share = 0.6,
        temperature: Temperature = 1.0,
    ) -> None:
        super().__init__()
        self.augment = OneOf([Crop(crop), Mask(mask, item_count), Reorder(reorder)])
        self.temperature = temperature

    def draw(self, batch: Batch, anchors: Int[Tensor, "A"], generator: torch.Generator) -> DrawnViews:
        """Two views of every anchor's prefix."""
        return draw_views(batch, anchors, self.augment, self.augment, generator)

    def loss(
        self, anchor_states: Float[Tensor, "A d"], encoded: Float[Tensor, "V d"], drawn: DrawnViews
    ) -> Float[Tensor, ""]:
        """InfoNCE between the first and the second views."""
        return info_nce(*drawn.halves(encoded), drawn.users, self.temperature)
