"""Generalised binary cross entropy: many negatives without the overconfidence that drawing them brings."""

from typing import Annotated, Any

import torch
from jaxtyping import Float, Int
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from sracl.objectives.batch import Batch
from sracl.objectives.context import ObjectiveContext
from sracl.objectives.next_item.base import Negatives, NextItemLoss
from sracl.objectives.next_item.negatives import check_fewer, draw_others
from sracl.objectives.next_item.products import own_products
from sracl.objectives.next_item.rows import touched_rows

Calibration = Annotated[float, Field(ge=0, le=1, description="t: 0 is the binary cross entropy, 1 fully calibrated")]


class GeneralisedBinary(NextItemLoss):
    """`-(log sigmoid(s_+)^beta + sum_j log(1 - sigmoid(s_j))) / (k + 1)` over k negatives j of each target
    (gBCE, of gSASRec: Petrov and Macdonald, RecSys 2023).

    alpha = k / (N - 1) is the share of negatives that are drawn; beta = alpha (t (1 - 1 / alpha) + 1 / alpha), which is
    1 - t (1 - alpha). Negatives are uniform over all items but the target, with replacement, each target's its own.
    """

    def __init__(self, item_count: int, negatives: Negatives = 256, calibration: Calibration = 0.75) -> None:
        super().__init__()
        check_fewer(negatives, item_count)
        self.item_count, self.negatives = item_count, negatives
        sampling = negatives / (item_count - 1)
        self.power = 1.0 - calibration * (1.0 - sampling)

    @classmethod
    def of(cls, context: ObjectiveContext, **settings: Any) -> "GeneralisedBinary":
        """For the catalogue of the data. Raises InputError for as many negatives as there are items."""
        return cls(context.item_count, **settings)

    def draw(self, batch: Batch, generator: torch.Generator) -> Int[Tensor, "m k"]:
        """Each target's negatives."""
        return draw_others(batch.targets[batch.with_target], self.negatives, self.item_count, generator)

    def mean(
        self,
        states: Float[Tensor, "m d"],
        table: Float[Tensor, "R d"],
        targets: Int[Tensor, "m"],
        negatives: Int[Tensor, "m k"],
        items: int,
    ) -> Float[Tensor, ""]:
        """The mean over targets; holds m (k + 1) scores."""
        rows, places = touched_rows(table, torch.cat([targets[:, None], negatives], dim=1).flatten())
        with torch.autocast(states.device.type, enabled=False):
            scores = own_products(states.float(), rows, places.view(len(targets), -1))
            own = self.power * functional.logsigmoid(scores[:, 0])
            others = functional.logsigmoid(-scores[:, 1:]).sum(dim=1)
            return -(own + others).mean() / (1 + negatives.shape[1])
