"""The intra-sequence loss: two readings of a prefix, items replaced by their neighbours, agree."""

from typing import Annotated, Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from sracl.backbones.rows import Rows
from sracl.objectives.batch import Batch
from sracl.objectives.chance import AnyItems
from sracl.objectives.context import Need, ObjectiveContext, Source
from sracl.objectives.contrastive import ContrastiveObjective, Temperature
from sracl.objectives.info_nce import info_nce
from sracl.objectives.views import DrawnViews, draw_views

Substitutes = Annotated[
    Source, Field(description="by texts, by a trained plain backbone's vectors, or any, drawn every step")
]
Substitution = Annotated[float, Field(ge=0, le=1, description="probability of replacing an item by a neighbour")]


class FoundItems:
    """Substitutes by a table of neighbours, int32 `[N, k]`, those of an item before its -1 cells."""

    def __init__(self, neighbours: NDArray[np.int32]) -> None:
        self.neighbours = torch.from_numpy(np.ascontiguousarray(neighbours, dtype=np.int64))
        self.counts = (self.neighbours >= 0).sum(dim=1)

    def of(self, items: Int[Tensor, "n"], chance: Float[Tensor, "n"]) -> Int[Tensor, "n"]:
        """A neighbour of each item, given a number in [0, 1) for each; the item itself where it has none."""
        counts = self.counts[items]
        choice = (chance * counts).long().clamp_(max=self.neighbours.shape[1] - 1)
        return torch.where(counts > 0, self.neighbours[items, choice], items)


class IntraSequence(ContrastiveObjective[DrawnViews]):
    """InfoNCE between f(p') and f(p''), two semantic substitutions of prefix p (SRA-CL, eqs. 11 and 12).

    neighbours: int32 `[N, k]`, the items that can stand in an item's place, -1 where there are fewer; for ablations
    `AnyItems`.
    substitution: the probability of replacing an item by one of its neighbours, drawn uniformly; an item without
    neighbours stays.
    """

    title: ClassVar[str] = "SRA-CL"
    on_by_default: ClassVar[bool] = True
    semantic: ClassVar[bool] = True

    @classmethod
    def of(cls, context: ObjectiveContext, substitutes: Substitutes = "semantic", **settings: Any) -> "IntraSequence":
        """The loss with substitutes of this source."""
        if substitutes == "random":
            return cls(AnyItems(context.item_count), **settings)
        return cls(context.index(substitutes).item_neighbors, **settings)

    @classmethod
    def needs(cls, substitutes: Source = "semantic", **settings: Any) -> frozenset[Need]:
        """An index, but for random substitutes."""
        return frozenset() if substitutes == "random" else frozenset({substitutes})

    def __init__(
        self,
        neighbours: NDArray[np.int32] | AnyItems,
        substitution: Substitution = 0.2,
        temperature: Temperature = 1.0,
    ) -> None:
        super().__init__()
        self.substitutes = neighbours if isinstance(neighbours, AnyItems) else FoundItems(neighbours)
        self.substitution = substitution
        self.temperature = temperature

    def draw(self, batch: Batch, anchors: Int[Tensor, "A"], generator: torch.Generator) -> DrawnViews:
        """Substitute items of every anchor's prefix, twice, independently."""
        return draw_views(batch, anchors, self._substituted, self._substituted, generator)

    def _substituted(self, rows: Rows, generator: torch.Generator) -> Rows:
        chance = torch.rand(2, len(rows.items), generator=generator)
        substitutes = self.substitutes.of(rows.items, chance[0])
        return Rows(torch.where(chance[1] < self.substitution, substitutes, rows.items), rows.lengths)

    def loss(
        self, anchor_states: Float[Tensor, "A d"], encoded: Float[Tensor, "V d"], drawn: DrawnViews
    ) -> Float[Tensor, ""]:
        """InfoNCE between the first and the second views."""
        return info_nce(*drawn.halves(encoded), drawn.users, self.temperature)
