"""Scores of all items after given histories: what evaluation and recommendation ask of a backbone."""

from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from sracl.backbones.base import Backbone
from sracl.backbones.rows import Rows
from sracl.datasets.sequences import Sequences


class BackboneScorer:
    """Scores by `f(history) E^T`, with the backbone in evaluation mode and no gradients.

    E is asked for once, for it may cost a product to make: take a new scorer after the weights have changed.
    """

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
        device = self._table.device
        read = histories.most_recent(self.backbone.max_length)
        rows = Rows(torch.from_numpy(read.values.astype(np.int64)), torch.from_numpy(read.lengths)).to(device)
        was_training = self.backbone.training
        self.backbone.eval()
        states = self.backbone.last_states(rows)
        self.backbone.train(was_training)
        return states.float(), self._table

    @cached_property
    def _table(self) -> Float[Tensor, "N d"]:
        with torch.inference_mode():
            return self.backbone.item_table.detach().float()
