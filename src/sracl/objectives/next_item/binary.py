"""Binary cross entropy with one negative a target: SASRec's own loss."""

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from sracl.objectives.batch import Batch
from sracl.objectives.context import ObjectiveContext
from sracl.objectives.next_item.base import NextItemLoss
from sracl.objectives.next_item.negatives import OutsideHistory
from sracl.objectives.next_item.products import own_products
from sracl.objectives.next_item.rows import touched_rows


class Binary(NextItemLoss):
    """`-log sigmoid(s_+) - log(1 - sigmoid(s_j))`, j one item for each target, uniform over those that are not in the
    user's training history (SASRec: Kang and McAuley, ICDM 2018).

    A user whose history holds every item has no negative, and the second term is left out.
    """

    def __init__(self, outside: OutsideHistory) -> None:
        super().__init__()
        self.outside = outside

    @classmethod
    def of(cls, context: ObjectiveContext, **settings: Any) -> "Binary":
        """For the users' training items."""
        return cls(OutsideHistory(context.training, context.item_count))

    def draw(self, batch: Batch, generator: torch.Generator) -> Int[Tensor, "m"]:
        """Each target's negative, -1 for none."""
        return self.outside.draw(batch.users_at(batch.with_target), generator)

    def mean(
        self,
        states: Float[Tensor, "m d"],
        table: Float[Tensor, "R d"],
        targets: Int[Tensor, "m"],
        negatives: Int[Tensor, "m"],
        items: int,
    ) -> Float[Tensor, ""]:
        """The mean over targets."""
        rows, places = touched_rows(table, torch.stack([targets, negatives.clamp(min=0)], dim=1).flatten())
        with torch.autocast(states.device.type, enabled=False):
            scores = own_products(states.float(), rows, places.view(len(targets), 2))
            wrong = functional.softplus(scores[:, 1]) * (negatives >= 0)
            return (functional.softplus(-scores[:, 0]) + wrong).mean()
