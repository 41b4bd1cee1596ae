"""The whole objective around any backbone: next item + alpha cross-sequence + beta intra-sequence."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from sracl.backbones.base import Backbone
from sracl.backbones.rows import Rows, joined
from sracl.objectives.anchors import draw_anchors
from sracl.objectives.batch import Batch
from sracl.objectives.contrastive import ContrastiveObjective, Drawn
from sracl.objectives.next_item import NextItemLoss, Softmax


class Losses(NamedTuple):
    """total: what to minimise, a scalar with gradients; parts: each loss by name, unweighted, without gradients."""

    total: Float[Tensor, ""]
    parts: dict[str, Float[Tensor, ""]]


@dataclass(eq=False)
class Draws:
    """The random choices of one step.

    anchors: `[A]`, places of the batch; drawn: each objective's, by name; negatives: the next-item loss's.
    """

    anchors: Int[Tensor, "A"]
    drawn: dict[str, Drawn]
    negatives: Int[Tensor, "..."]

    def to(self, device: torch.device) -> "Draws":
        """The same choices on `device`."""
        drawn = {name: part.to(device) for name, part in self.drawn.items()}
        return Draws(self.anchors.to(device), drawn, self.negatives.to(device))


@dataclass(frozen=True)
class Weighted:
    """A contrastive objective with its weight in the total (alpha or beta in the paper)."""

    objective: ContrastiveObjective[Any]
    weight: float


class TrainingObjective(nn.Module):
    """Next item plus weighted contrastive objectives around a backbone; without any, the plain backbone's training.

    anchors_per_row: how many prefixes of each row of a batch the contrastive losses take, drawn anew every step;
    None takes every prefix, as the paper does. next_item: the loss of the next item; None: over the whole catalogue.
    warm_up: epochs before the one in which the contrastive losses first have their whole weights; they grow evenly.
    """

    def __init__(
        self,
        backbone: Backbone,
        contrastive: Mapping[str, Weighted] | None = None,
        anchors_per_row: int | None = 1,
        next_item: NextItemLoss | None = None,
        warm_up: int = 0,
    ) -> None:
        super().__init__()
        contrastive = contrastive or {}
        self.backbone = backbone
        self.contrastive = nn.ModuleDict({name: part.objective for name, part in contrastive.items()})
        self.weights = {name: part.weight for name, part in contrastive.items()}
        self.anchors_per_row = anchors_per_row
        self.next_item = next_item or Softmax()
        self.warm_up = warm_up
        self.share = 1.0

    def begin_epoch(self, epoch: int, generator: torch.Generator) -> None:
        """Have every objective get ready for an epoch, counted from 1; to be called before its first `draw`.

        generator: a fresh one with a seed of this epoch.
        """
        self.share = min(1.0, epoch / (self.warm_up + 1))
        for name in self.contrastive:
            self._objective(name).begin_epoch(self.backbone, epoch, generator)

    def draw(self, batch: Batch, generator: torch.Generator) -> Draws:
        """The step's random choices other than the backbone's own dropout; the batch must be on the processor."""
        negatives = self.next_item.draw(batch, generator)
        if not self.contrastive:
            return Draws(torch.empty(0, dtype=torch.long), {}, negatives)
        anchors = draw_anchors(batch, self.anchors_per_row, generator)
        drawn = {name: self._objective(name).draw(batch, anchors, generator) for name in self.contrastive}
        return Draws(anchors, drawn, negatives)

    def forward(self, batch: Batch, draws: Draws) -> Losses:
        """Encode the batch and all drawn rows in one call, then compute every loss, on the batch's device."""
        draws = draws.to(batch.rows.items.device)
        own, others = self._encode(batch.rows, list(draws.drawn.values()))
        table, items = self.backbone.scored_table, self.backbone.item_count
        parts = {"next_item": self.next_item(own, table, batch.targets, batch.with_target, draws.negatives, items)}
        anchor_states = own[draws.anchors]
        for (name, drawn), encoded in zip(draws.drawn.items(), others, strict=True):
            parts[name] = self._objective(name).loss(anchor_states, encoded, drawn)
        weighted = [self.share * self.weights[name] * parts[name] for name in draws.drawn]
        total = sum(weighted, start=parts["next_item"])
        return Losses(total, {name: loss.detach() for name, loss in parts.items()})

    def _encode(self, own: Rows, drawn: list[Drawn]) -> tuple[Float[Tensor, "n d"], list[Float[Tensor, "W d"]]]:
        """States at all places of `own`, and what each objective drew; all rows take one call."""
        if not any(len(part.rows) for part in drawn):
            states = self.backbone.states(own)
            return states, [self._with_items(states[:0], part) for part in drawn]
        rows = [own, *(part.rows for part in drawn)]
        wanted = [torch.arange(len(own.items), device=own.items.device), *(part.places for part in drawn)]
        begins = accumulate((len(part.items) for part in rows), initial=0)
        places = [within + begin for within, begin in zip(wanted, begins, strict=False)]
        found = self.backbone.states_at(joined(rows), torch.cat(places)).split([len(some) for some in places])
        return found[0], [self._with_items(states, part) for states, part in zip(found[1:], drawn, strict=True)]

    def _with_items(self, states: Float[Tensor, "E d"], drawn: Drawn) -> Float[Tensor, "W d"]:
        """An objective's states, then the vectors of its items."""
        if len(drawn.items) == 0:
            return states
        vectors = self.backbone.scored_table.index_select(0, drawn.items)
        return torch.cat([states, vectors.to(states.dtype)])

    def _objective(self, name: str) -> ContrastiveObjective[Any]:
        objective = self.contrastive[name]
        assert isinstance(objective, ContrastiveObjective)
        return objective
