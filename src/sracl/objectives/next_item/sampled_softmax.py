"""Sampled softmax: the catalogue's sum of exponentials estimated from some items, corrected for how often they come."""

import math
from typing import Annotated, Any

import torch
from jaxtyping import Float, Int
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from sracl.objectives.batch import Batch
from sracl.objectives.context import ObjectiveContext
from sracl.objectives.next_item.base import Negatives, NextItemLoss
from sracl.objectives.next_item.negatives import Popularity
from sracl.objectives.next_item.rows import touched_rows

Power = Annotated[
    float, Field(ge=0, le=1, description="negatives come in proportion to popularity to this power; 0: uniformly")
]


class SampledSoftmax(NextItemLoss):
    """`-s_+ + log(e^{s_+} + sum_j e^{s_j - log(k q_j)})` over k items j, drawn with probability q_j (log-Q correction).

    The sum over j, without draws of the target itself, has the sum over all other items as its expectation (importance
    sampling: Bengio and Senecal 2008; Jean et al. 2015). The target is always there and has a probability of 1, so
    nothing is taken from its score (as Khrylchenko et al. 2025 find right). One draw of k items serves all targets of
    a step: its scores are one matrix product.
    """

    log_expected: Float[Tensor, "N"]
    """log(k q_j) of every item."""

    def __init__(self, drawn_from: Popularity, negatives: Negatives = 1024, popularity: Power = 0.0) -> None:
        super().__init__()
        self.drawn_from, self.negatives = drawn_from, negatives
        log_expected = drawn_from.probabilities.log() + math.log(negatives)
        self.register_buffer("log_expected", log_expected.float(), persistent=False)

    @classmethod
    def of(cls, context: ObjectiveContext, **settings: Any) -> "SampledSoftmax":
        """Items are as popular as in training."""
        power = settings.get("popularity", 0.0)
        return cls(Popularity(context.training, context.item_count, power), **settings)

    def draw(self, batch: Batch, generator: torch.Generator) -> Int[Tensor, "k"]:
        """The items that all targets of the step are compared with."""
        return self.drawn_from.draw(self.negatives, generator)

    def mean(
        self,
        states: Float[Tensor, "m d"],
        table: Float[Tensor, "R d"],
        targets: Int[Tensor, "m"],
        negatives: Int[Tensor, "k"],
        items: int,
    ) -> Float[Tensor, ""]:
        """The mean over targets; holds m k scores."""
        rows, places = touched_rows(table, torch.cat([targets, negatives]))
        of_targets, of_negatives = places.split([len(targets), len(negatives)])
        # Half precision is too coarse for a sum of this size.
        with torch.autocast(states.device.type, enabled=False):
            states = states.float()
            own = (states * rows[of_targets]).sum(dim=1, keepdim=True)
            others = states @ rows[of_negatives].T - self.log_expected[negatives]
            others = others.masked_fill(negatives == targets[:, None], float("-inf"))
            return functional.cross_entropy(torch.cat([own, others], dim=1), torch.zeros_like(targets))
