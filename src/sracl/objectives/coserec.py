"""CoSeRec: views that also substitute and insert correlated items (Liu et al. 2021, arXiv 2108.06479)."""

from typing import Annotated, Any, ClassVar, Literal

import torch
from jaxtyping import Float, Int
from pydantic import Field
from torch import Tensor

from sracl.backbones.base import Backbone
from sracl.objectives.augmentations import ByLength, Crop, Insert, Mask, OneOf, Operator, Reorder, Share, Substitute
from sracl.objectives.batch import Batch
from sracl.objectives.context import Need, ObjectiveContext
from sracl.objectives.contrastive import ContrastiveObjective, Temperature
from sracl.objectives.correlations import Partners, by_co_occurrence, by_vectors, surer
from sracl.objectives.info_nce import info_nce
from sracl.objectives.views import DrawnViews, draw_views

Correlation = Annotated[
    Literal["co-occurrence", "hybrid", "semantic"],
    Field(description="by histories; from `warm_up` on the surer of that and of the item vectors; or by texts"),
]
WarmUp = Annotated[int, Field(ge=0, description="`hybrid`: epochs that go by histories alone")]
LongestShort = Annotated[int, Field(ge=0, description="rows of so many items at most are not cropped or reordered")]


class CoSeRec(ContrastiveObjective[DrawnViews]):
    """InfoNCE as in `CL4SRec`, between views drawn from five operators: crop, mask, reorder, substitute, insert.

    Short rows, of at most `longest_short` items, are substituted, inserted into or masked only: cropping or reordering
    would leave too little of them.

    An item's partner, which takes its place or is put before it, is the one item most correlated with it. An item that
    occurs beside no other stays as it is (the release takes a random item). `hybrid` compares, from the epoch after
    `warm_up` on, with the partners by the item vectors of the epoch's beginning.

    partners: those that need no vectors; learns: whether vectors take part, as in `hybrid`. Shares, `longest_short` and
    `warm_up` are the release's defaults.
    """

    title: ClassVar[str] = "CoSeRec"

    @classmethod
    def of(cls, context: ObjectiveContext, correlation: Correlation = "hybrid", **settings: Any) -> "CoSeRec":
        """The loss with partners of this kind."""
        if correlation == "semantic":
            nearest = torch.from_numpy(context.index("semantic").item_neighbors[:, 0].astype("int64"))
            partners = Partners(nearest, (nearest >= 0).float())
        else:
            partners = by_co_occurrence(context.training, context.item_count)
        return cls(partners, context.max_length, learns=correlation == "hybrid", **settings)

    @classmethod
    def needs(cls, correlation: str = "hybrid", **settings: Any) -> frozenset[Need]:
        """Texts for partners by them."""
        return frozenset({"semantic"}) if correlation == "semantic" else frozenset()

    def __init__(
        self,
        partners: Partners,
        max_length: int,
        learns: bool,
        *,
        crop: Share = 0.2,
        mask: Share = 0.7,
        reorder: Share = 0.2,
        substitute: Share = 0.1,
        insert: Share = 0.4,
        longest_short: LongestShort = 4,
        warm_up: WarmUp = 160,
        temperature: Temperature = 1.0,
    ) -> None:
        super().__init__()
        self.partners = partners
        self.max_length = max_length
        self.learns = learns
        self.shares = {"crop": crop, "mask": mask, "reorder": reorder, "substitute": substitute, "insert": insert}
        self.longest_short = longest_short
        self.warm_up = warm_up
        self.temperature = temperature
        self.augment = self._operators(partners)

    def begin_epoch(self, backbone: Backbone, epoch: int, generator: torch.Generator) -> None:
        """Look for each item's partner by the item vectors too, once the warm-up is over."""
        if self.learns and epoch > self.warm_up:
            self.augment = self._operators(surer(self.partners, by_vectors(backbone.item_table.float())))

    def _operators(self, partners: Partners) -> Operator:
        shares, items = self.shares, partners.items
        kept: list[Operator] = [
            Mask(shares["mask"], blank=len(items)),
            Substitute(shares["substitute"], items),
            Insert(shares["insert"], items, self.max_length),
        ]
        long: list[Operator] = [Crop(shares["crop"]), Reorder(shares["reorder"])]
        return ByLength(self.longest_short, short=OneOf(kept), long=OneOf([*long, *kept]))

    def draw(self, batch: Batch, anchors: Int[Tensor, "A"], generator: torch.Generator) -> DrawnViews:
        """Two views of every anchor's prefix."""
        return draw_views(batch, anchors, self.augment, self.augment, generator)

    def loss(
        self, anchor_states: Float[Tensor, "A d"], encoded: Float[Tensor, "V d"], drawn: DrawnViews
    ) -> Float[Tensor, ""]:
        """InfoNCE between the first and the second views."""
        return info_nce(*drawn.halves(encoded), drawn.users, self.temperature)
