"""Intents: the centres of clusters of prefixes' vectors, found anew before every epoch by k-means."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import torch
from jaxtyping import Float, Int
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from sracl.backbones.base import Backbone
from sracl.backbones.rows import Rows
from sracl.datasets.prefixes import PrefixPool
from sracl.datasets.sequences import Int64
from sracl.objectives.info_nce import same
from sracl.objectives.processes import of_all_processes

IntentCount = Annotated[int, Field(ge=2, description="K, clusters of k-means")]
ROUNDS = 20
"""Rounds of k-means, as in the releases of ICLRec and ICSRec."""
PREFIXES_AN_INTENT = 256
"""More prefixes than these are sampled: more of them hardly move a centre."""
BLOCK = 4096
"""Prefixes encoded, and compared with all centres, at a time."""


@dataclass(frozen=True)
class Intents:
    """Centres `[K, d]` of clusters."""

    centres: Float[Tensor, "K d"]

    def of(self, states: Float[Tensor, "n d"]) -> Int[Tensor, "n"]:
        """The number of the centre nearest to each state."""
        half_norms = self.centres.square().sum(dim=1) / 2
        blocks = states.detach().to(self.centres.dtype).split(BLOCK)
        return torch.cat([(block @ self.centres.T - half_norms).argmax(dim=1) for block in blocks])

    def vectors(self, numbers: Int[Tensor, "n"]) -> Float[Tensor, "n d"]:
        """The centres of these numbers, as unit vectors."""
        return functional.normalize(self.centres[numbers], dim=1)


def find_intents(
    backbone: Backbone, pool: PrefixPool, numbers: Int64, count: int, generator: torch.Generator
) -> Intents:
    """The centres of `count` clusters of these prefixes' vectors, fewer where there are fewer prefixes.

    The backbone encodes them in evaluation mode, without gradients. Only `generator` decides what is drawn.
    """
    order = torch.randperm(len(numbers), generator=generator)[: count * PREFIXES_AN_INTENT]
    sample = numbers[torch.sort(order).values.numpy()]
    states = prefix_states(backbone, pool, sample)
    first = torch.randperm(len(sample), generator=generator)[:count].to(states.device)
    intents = Intents(states[first])
    for _ in range(ROUNDS):
        nearest = intents.of(states)
        members = torch.bincount(nearest, minlength=len(intents.centres))[:, None]
        sums = torch.zeros_like(intents.centres).index_add(0, nearest, states)
        # A centre that is nearest to nothing stays where it is.
        intents = Intents(torch.where(members > 0, sums / members.clamp(min=1), intents.centres))
    return intents


@torch.no_grad()
def prefix_states(backbone: Backbone, pool: PrefixPool, numbers: Int64) -> Float[Tensor, "n d"]:
    """F of some prefixes in evaluation mode; those of one user that stand side by side share a row."""
    device, was_training = backbone.item_embedding.weight.device, backbone.training
    backbone.eval()
    found = []
    for block in np.split(numbers, range(BLOCK, len(numbers), BLOCK)):
        shared, places = pool.shared_rows(block)
        rows = Rows(torch.from_numpy(shared.values.astype(np.int64)), torch.from_numpy(shared.lengths))
        found.append(backbone.states_at(rows.to(device), torch.from_numpy(places).to(device)).float())
    backbone.train(was_training)
    return torch.cat(found)


def intent_contrast(
    views: Float[Tensor, "A d"],
    intents: Float[Tensor, "A d"],
    users: Int[Tensor, "A"],
    numbers: Int[Tensor, "A"],
    temperature: float,
) -> Float[Tensor, ""]:
    """Mean of `-log(exp(v.c / t) / sum_w exp(v.c_w / t))`, c the intent of v, w over v and those of other intents.

    c_w are the intents of the step's other vectors. Those of v's own intent would be false negatives and are left out
    (ICLRec, "false negative mitigation"), and so are those of v's user. Where several processes share a step, w runs
    over the vectors of all. 0 for no vectors.
    """
    views, intents, users, numbers = (of_all_processes(rows) for rows in (views, intents, users, numbers))
    if len(views) == 0:
        return views.sum()
    left_out = (same(users) | same(numbers)).fill_diagonal_(False)
    similarity = (views @ intents.T / temperature).masked_fill(left_out, float("-inf"))
    return functional.cross_entropy(similarity, torch.arange(len(views), device=views.device))
