"""The interface of every next-item loss: draw negatives, then compare each state with its target and with them."""

from abc import ABC, abstractmethod
from typing import Annotated, Any

import torch
from jaxtyping import Float, Int
from pydantic import Field
from torch import Tensor, nn

from sracl.objectives.batch import Batch
from sracl.objectives.context import ObjectiveContext
from sracl.objectives.processes import share_of_mean

Negatives = Annotated[int, Field(ge=1, description="drawn items that a target is compared with")]


class NextItemLoss(nn.Module, ABC):
    """A loss between the states f(p) of prefixes and the vectors of their targets and of other items.

    Drawing and computing are apart, as in the contrastive objectives. A subclass is built by `of`; the parameters of
    its constructor that have a default are its settings in a configuration.
    """

    @classmethod
    def of(cls, context: ObjectiveContext, **settings: Any) -> "NextItemLoss":
        """The loss for this data."""
        return cls(**settings)

    def draw(self, batch: Batch, generator: torch.Generator) -> Int[Tensor, "..."]:
        """The step's negatives: item numbers, on the processor, in a shape that `mean` knows; most losses draw some."""
        return torch.empty(0, dtype=torch.long)

    @abstractmethod
    def mean(
        self,
        states: Float[Tensor, "m d"],
        table: Float[Tensor, "R d"],
        targets: Int[Tensor, "m"],
        negatives: Int[Tensor, "..."],
        items: int,
    ) -> Float[Tensor, ""]:
        """The mean loss of m states, m at least 1. The catalogue are the first `items` rows of `table`."""

    def forward(
        self,
        states: Float[Tensor, "n d"],
        table: Float[Tensor, "R d"],
        targets: Int[Tensor, "n"],
        places: Int[Tensor, "m"],
        negatives: Int[Tensor, "..."] | None = None,
        items: int | None = None,
    ) -> Float[Tensor, ""]:
        """The mean loss of the prefixes that end at `places`, in float32; 0 where there are none.

        items: as in `mean`; None: all rows. Where several processes share a step, the average of what they return is
        the mean over the prefixes of all.
        """
        # Every process asks for its share, those without a place too: they answer each other.
        share = share_of_mean(len(places), states.device)
        if len(places) == 0:
            return (states[:0].sum() + table[:0].sum()).float()
        drawn = torch.empty(0, dtype=torch.long) if negatives is None else negatives
        asked = targets[places]
        own = states.index_select(0, places)
        loss = self.mean(own, table, asked, drawn.to(states.device), len(table) if items is None else items)
        return loss if share == 1.0 else loss * share
