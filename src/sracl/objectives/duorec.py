"""DuoRec: a prefix under another dropout agrees with one of its target (Qiu et al., WSDM 2022, arXiv 2110.05730)."""

from typing import Any, ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

from sracl.backbones.rows import joined
from sracl.objectives.batch import Batch
from sracl.objectives.context import ObjectiveContext
from sracl.objectives.contrastive import ContrastiveObjective, Temperature
from sracl.objectives.info_nce import info_nce
from sracl.objectives.same_target import SameTarget
from sracl.objectives.views import DrawnViews


class DuoRec(ContrastiveObjective[DrawnViews]):
    """InfoNCE between h' = f(p) under a dropout of its own and h'_s = f(q), q drawn from the prefixes with p's target.

    Unsupervised and supervised augmentation in one contrast, as in the paper's contrastive regularisation: the mean
    over both directions of `-log(exp(h'.h'_s / t) / (exp(h'.h'_s / t) + sum exp(h'.w / t)))`, w over all other
    augmented vectors of the step. A prefix whose target follows no other is its own q, which leaves the unsupervised
    part alone. Vectors of the same user are left out of w.

    h' is encoded anew: the anchor's own state has the dropout under which it learns the next item.
    """

    title: ClassVar[str] = "DuoRec"

    @classmethod
    def of(cls, context: ObjectiveContext, **settings: Any) -> "DuoRec":
        """The loss for these training sequences."""
        return cls(SameTarget(context.training, context.max_length), **settings)

    def __init__(self, same_target: SameTarget, temperature: Temperature = 1.0) -> None:
        super().__init__()
        self.same_target = same_target
        self.temperature = temperature

    def draw(self, batch: Batch, anchors: Int[Tensor, "A"], generator: torch.Generator) -> DrawnViews:
        """Every anchor's prefix itself, and another with the same target."""
        numbers = self.same_target.prefixes_at(batch, anchors)
        others = self.same_target.rows(self.same_target.others(numbers, generator))
        rows = joined([batch.rows.up_to(anchors), others])
        return DrawnViews(rows=rows, users=batch.users_at(anchors))

    def loss(
        self, anchor_states: Float[Tensor, "A d"], encoded: Float[Tensor, "V d"], drawn: DrawnViews
    ) -> Float[Tensor, ""]:
        """InfoNCE between the prefixes and those of the same target."""
        return info_nce(*drawn.halves(encoded), drawn.users, self.temperature)
