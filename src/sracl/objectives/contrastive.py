"""The interface of every contrastive objective: draw what to encode, then compare what was encoded."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Generic, TypeVar

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from sracl.backbones.rows import Rows
from sracl.objectives.batch import Batch


@dataclass(eq=False)
class Drawn:
    """The random choices of one step; a subclass adds its own.

    rows: rows to encode beside the batch's own; may be none.
    """

    rows: Rows

    @property
    def places(self) -> Int[Tensor, "E"]:
        """The places of `rows` whose states the loss takes: each row's last, unless a subclass says otherwise.

        A row stands for the prefix that ends at a place, so that prefixes with the same beginning can share one.
        """
        return self.rows.last


DrawnT = TypeVar("DrawnT", bound=Drawn)


class ContrastiveObjective(nn.Module, ABC, Generic[DrawnT]):
    """A loss between vectors of the backbone.

    Drawing and computing are apart: a test can give both the plain reading and this one the same draws, and all rows
    of all objectives go through the backbone in one call. A subclass knows neither the trainer nor the backbone.
    """

    @abstractmethod
    def draw(self, batch: Batch, anchors: Int[Tensor, "A"], generator: torch.Generator) -> DrawnT:
        """Choose, on the processor, for the prefixes that end at the places `anchors` of the batch."""

    @abstractmethod
    def loss(
        self, anchor_states: Float[Tensor, "A d"], encoded: Float[Tensor, "E d"], drawn: DrawnT
    ) -> Float[Tensor, ""]:
        """The loss, given f of every anchor and f of every prefix that `draw` asked for, in the order of its places."""
