"""Scores of all items after given histories: what evaluation and recommendation ask of a backbone."""

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from sracl.backbones.base import Backbone
from sracl.backbones.rows import Rows
from sracl.datasets.sequences import Sequences, ranges


class BackboneScorer:
    """Scores by `f(history) E^T`, with the backbone in evaluation mode and no gradients."""

    def __init__(self, backbone: Backbone) -> None:
        self.backbone = backbone

    def score(self, histories: Sequences, users: NDArray[np.int64] | None = None) -> Float[Tensor, "B N"]:
        """Score of every item after each history (of at least one item), cut to the most recent `max_length`."""
        states, table = self.factors(histories, users)
        return states @ table.T

    @torch.inference_mode()
    def factors(
        self, histories: Sequences, users: NDArray[np.int64] | None = None
    ) -> tuple[Float[Tensor, "B d"], Float[Tensor, "N d"]]:
        """The vector of each such history and those of all items: their products are the scores."""
        device = self.backbone.item_embedding.weight.device
        lengths = np.minimum(histories.lengths, self.backbone.max_length)
        items = histories.values[ranges(histories.offsets[1:] - lengths, lengths)]
        rows = Rows(torch.from_numpy(items.astype(np.int64)), torch.from_numpy(lengths)).to(device)
        was_training = self.backbone.training
        self.backbone.eval()
        states = self.backbone.last_states(rows)
        self.backbone.train(was_training)
        return states.float(), self.backbone.item_table.detach().float()
