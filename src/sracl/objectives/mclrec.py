"""MCLRec: views and what learned augmenters make of them agree (Qin et al., SIGIR 2023, arXiv 2304.07763)."""

from typing import Annotated, Any, ClassVar

import torch
from jaxtyping import Float, Int
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from sracl.objectives.augmentations import Crop, Mask, OneOf, Reorder, Share
from sracl.objectives.batch import Batch
from sracl.objectives.context import ObjectiveContext
from sracl.objectives.contrastive import ContrastiveObjective, Part, Temperature
from sracl.objectives.info_nce import info_nce, same
from sracl.objectives.processes import of_all_processes
from sracl.objectives.views import DrawnViews, draw_views

Regulariser = Annotated[float, Field(ge=0, description="gamma, of the regulariser within the meta part")]


class Augmenter(nn.Module):
    """Three linear layers, d to d/2 to d/4 to d, with GELU between them; the output is a unit vector."""

    def __init__(self, dimension: int) -> None:
        super().__init__()
        half, quarter = max(1, dimension // 2), max(1, dimension // 4)
        self.layers = nn.Sequential(
            nn.Linear(dimension, half), nn.GELU(), nn.Linear(half, quarter), nn.GELU(), nn.Linear(quarter, dimension)
        )

    def forward(self, states: Float[Tensor, "A d"]) -> Float[Tensor, "A d"]:
        """An augmented vector of each."""
        return functional.normalize(self.layers(states), dim=1)


class MCLRec(ContrastiveObjective[DrawnViews]):
    """views x L_cl1 + meta x (L_cl2 + gamma R) (MCLRec's total is next item + lambda L_cl1 + beta L_cl2).

    L_cl1: InfoNCE between two views h1, h2 of p, as in `CL4SRec`. Two augmenters w1, w2 make z1 = w1(h1), z2 = w2(h2).
    L_cl2: InfoNCE of (z1, z2), (h1, z2) and (h2, z1), summed. R is the `regulariser` of the same three pairs, summed:
    it keeps augmented views from becoming too much alike.

    The paper trains in turns: the encoder by the total with the augmenters fixed, then the augmenters by
    L_cl2 + gamma R with the encoder fixed. The gradients of each with the other fixed are those of one backward pass;
    here both move at once by them, rather than the augmenters after the encoder. That spares the release's second and
    third pass over the views of every step. As in the release, R reaches the encoder too.

    Shares are the release's. The paper tunes lambda and beta by data set.
    """

    title: ClassVar[str] = "MCLRec"

    @classmethod
    def of(cls, context: ObjectiveContext, **settings: Any) -> "MCLRec":
        """The loss for this catalogue and width."""
        return cls(context.item_count, context.dimension, **settings)

    def __init__(
        self,
        item_count: int,
        dimension: int,
        views: Part = 1.0,
        meta: Part = 1.0,
        gamma: Regulariser = 0.1,
        crop: Share = 0.5,
        mask: Share = 0.5,
        reorder: Share = 0.8,
        temperature: Temperature = 1.0,
    ) -> None:
        super().__init__()
        self.parts = (views, meta, gamma)
        self.augment = OneOf([Crop(crop), Mask(mask, item_count), Reorder(reorder)])
        self.augmenters = nn.ModuleList(Augmenter(dimension) for _ in range(2))
        self.temperature = temperature

    def draw(self, batch: Batch, anchors: Int[Tensor, "A"], generator: torch.Generator) -> DrawnViews:
        """Two views of every anchor's prefix."""
        return draw_views(batch, anchors, self.augment, self.augment, generator)

    def loss(
        self, anchor_states: Float[Tensor, "A d"], encoded: Float[Tensor, "V d"], drawn: DrawnViews
    ) -> Float[Tensor, ""]:
        """All three parts."""
        views, meta, gamma = self.parts
        first, second = drawn.halves(encoded)
        users = drawn.users
        made = [augmenter(view) for augmenter, view in zip(self.augmenters, (first, second), strict=True)]
        total = views * info_nce(first, second, users, self.temperature)
        for one, other in ((made[0], made[1]), (first, made[1]), (second, made[0])):
            contrast = info_nce(one, other, users, self.temperature)
            total = total + meta * (contrast + gamma * regulariser(one, other, users, self.temperature))
        return total


def regulariser(
    first: Float[Tensor, "B d"], second: Float[Tensor, "B d"], users: Int[Tensor, "B"], temperature: float
) -> Float[Tensor, ""]:
    """Mean of `[s+ - o_min]_+` plus mean of `[o_max - s-]_+` (MCLRec, "contrastive regularisation").

    s+ is a vector's similarity with its partner and s- those with its negatives, which are `info_nce`'s; o_min and
    o_max are the lesser and the greater of s+ and the largest s-. So a positive above the hardest negative costs what
    it is above, and a negative what it is below. Vectors without negatives cost nothing.
    """
    first, second, users = (of_all_processes(rows) for rows in (first, second, users))
    count = len(first)
    vectors = torch.cat([first, second])
    similarity = vectors @ vectors.T / temperature
    negative = ~same(users).repeat(2, 2)
    with_any = negative.any(dim=1)
    if not with_any.any():
        return vectors.sum() * 0
    place = torch.arange(2 * count, device=vectors.device)
    positive = similarity[place, place.roll(count)]
    hardest = similarity.masked_fill(~negative, float("-inf")).amax(dim=1)
    lower, upper = torch.minimum(positive, hardest), torch.maximum(positive, hardest)
    above = (positive - lower)[with_any].mean()
    below = (upper[:, None] - similarity)[negative].mean()
    return above + below
