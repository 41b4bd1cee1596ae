"""S3-Rec: what a row, its parts and its items' attributes say about one another (Zhou et al., CIKM 2020)."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from sracl.backbones.base import Backbone
from sracl.backbones.parts import INITIAL_DEVIATION
from sracl.config import PretrainingConfig
from sracl.datasets.sequences import Sequences
from sracl.objectives.batch import Batch
from sracl.objectives.training_objective import Losses
from sracl.pretraining.attributes import Attributes
from sracl.pretraining.hiding import Hidden, draw_hidden
from sracl.pretraining.mutual_information import Bilinear, against_all, against_one, against_others


class S3Rec(nn.Module):
    """Four losses around a backbone that reads both ways, each the InfoNCE of a pair with a W of its own:

    - masked item: the state F_t at a hidden place and the vector of the item there, among those of all items;
    - masked attribute: F_t and the vector e_a of each of that item's attributes, among all that it does not have;
    - associated attribute: the vector e_i of an item that is not hidden, and e_a alike;
    - segment: the last state of a row with its segment hidden, and that of the row with all else hidden, against that
      of a segment from elsewhere in the same places.

    total = masked_item * MIP + masked_attribute * MAP + associated_attribute * AAP + segment * SP. Each loss is a mean
    here, over places, items or rows, where the authors' program adds up; it compares a hidden item with one drawn at
    random, scores attributes by binary cross entropy, and takes the state of an item in the place of e_i.

    attributes: without any, the second and third loss fall away. training: every user's training items.
    """

    def __init__(
        self, backbone: Backbone, settings: PretrainingConfig, training: Sequences, attributes: Attributes
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.settings = settings
        self.everything = torch.from_numpy(training.values).long()
        self.attributes = attributes
        width = backbone.dimension
        self.mask = None
        if backbone.mask_vector() is None:
            self.mask = nn.Parameter(torch.empty(width).normal_(std=INITIAL_DEVIATION))
        names = ["masked_item", "segment"]
        if len(attributes):
            names += ["masked_attribute", "associated_attribute"]
            self.attribute_vectors = nn.Parameter(torch.empty(len(attributes), width).normal_(std=INITIAL_DEVIATION))
        self.loss_weights = {name: float(getattr(settings, name)) for name in names if getattr(settings, name) > 0}
        bounded = settings.scores == "sigmoid"
        self.scores = nn.ModuleDict({name: Bilinear(width, bounded) for name in self.loss_weights})

    def begin_epoch(self, epoch: int, generator: torch.Generator) -> None:
        """Nothing is to be made ready."""

    def draw(self, batch: Batch, generator: torch.Generator) -> Hidden:
        """The step's random choices; the batch must be on the processor."""
        return draw_hidden(batch, self.everything, self.settings.masking, generator)

    def forward(self, batch: Batch, drawn: Hidden) -> Losses:
        """All losses that have a weight."""
        drawn = drawn.to(batch.rows.items.device)
        vectors = self.backbone.item_embedding(drawn.rows.items)
        parts: dict[str, Tensor] = {}
        found = self._states(vectors, drawn.hidden, drawn)[drawn.hidden]
        hidden, open_ = drawn.rows.items[drawn.hidden], drawn.rows.items[~drawn.hidden]
        if (score := self._score("masked_item")) is not None:
            parts["masked_item"] = against_all(score, found, self.backbone.item_table, hidden)
        if (score := self._score("masked_attribute")) is not None:
            parts["masked_attribute"] = self._of_attributes(score, found, hidden)
        if (score := self._score("associated_attribute")) is not None:
            parts["associated_attribute"] = self._of_attributes(score, vectors[~drawn.hidden], open_)
        if (score := self._score("segment")) is not None:
            parts["segment"] = against_one(score, *self._of_segments(vectors, drawn))
        total = torch.stack([self.loss_weights[name] * loss for name, loss in parts.items()]).sum()
        return Losses(total, {name: loss.detach() for name, loss in parts.items()})

    def _score(self, loss: str) -> Bilinear | None:
        if loss not in self.loss_weights:
            return None
        score = self.scores[loss]
        assert isinstance(score, Bilinear)
        return score

    def _of_attributes(
        self, score: Bilinear, vectors: Float[Tensor, "n d"], items: Int[Tensor, "n"]
    ) -> Float[Tensor, ""]:
        def present(rows: slice) -> Bool[Tensor, "b A"]:
            return self.attributes.of_items(items[rows])

        return against_others(score, vectors, self.attribute_vectors, present)

    def _of_segments(
        self, vectors: Float[Tensor, "n d"], drawn: Hidden
    ) -> tuple[Float[Tensor, "R d"], Float[Tensor, "R d"], Float[Tensor, "R d"]]:
        """Of every row with a segment: the last state of its context, of its segment, and of the other one."""
        last = drawn.rows.last[drawn.rows.lengths > 1]
        others = self.backbone.item_embedding(drawn.other)
        context = self._states(vectors, drawn.segment, drawn)[last]
        segment, other = (self._states(given, ~drawn.segment, drawn)[last] for given in (vectors, others))
        return context, segment, other

    def _states(self, vectors: Float[Tensor, "n d"], hidden: Bool[Tensor, "n"], drawn: Hidden) -> Float[Tensor, "n d"]:
        """States at all places, the hidden ones read as the mask."""
        mask = self.backbone.mask_vector() if self.mask is None else self.mask
        assert mask is not None
        return self.backbone.encode_packed_both_ways(torch.where(hidden[:, None], mask, vectors), drawn.rows.lengths)
