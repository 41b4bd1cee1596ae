"""Full-ranking evaluation of anything that scores all items, in blocks of users."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor

from sracl.datasets.sequences import Int64, Sequences
from sracl.datasets.splits import Part, Split
from sracl.errors import InputError
from sracl.evaluation.metrics import metrics_at
from sracl.evaluation.products import ranks_of_products
from sracl.evaluation.ranking import Ranks, ranks_of_targets, seen_cells

DEFAULT_MEMORY = 32 * 2**20
"""Bytes of scores held at a time."""
BYTES_A_SCORE = 4


@runtime_checkable
class Scorer(Protocol):
    """Gives every item a score after a history; higher is better."""

    def score(self, histories: Sequences, users: NDArray[np.int64]) -> Float[Tensor, "B N"]:
        """Scores after B histories (of at least one item) of the users of these numbers."""


@runtime_checkable
class FactorScorer(Scorer, Protocol):
    """A scorer whose scores are products of two vectors, so that ranks can be counted without its `score`."""

    def factors(
        self, histories: Sequences, users: NDArray[np.int64]
    ) -> tuple[Float[Tensor, "B d"], Float[Tensor, "N d"]]:
        """Vectors of these histories and of all items, float32."""


@dataclass(frozen=True)
class Evaluation:
    """Metrics with seen items kept in the ranking and removed from it, and what they are means of.

    ranks: of the targets, `[n]`; users: numbers of their users, rising, `[n]`. known: the same metrics over the
    targets whose item occurs in training alone, seen items kept; None where there is no such target.
    """

    kept: dict[str, float]
    unseen: dict[str, float]
    ranks: Ranks
    users: Int64
    known: dict[str, float] | None


def evaluate(
    scorer: Scorer,
    split: Split,
    part: Part,
    cutoffs: Sequence[int] = (5, 10, 20),
    memory: int = DEFAULT_MEMORY,
) -> Evaluation:
    """Rank every target of a part among all items; the seen items are those of the history that is read.

    A target of an item that training does not know is ranked like any other, by what an untrained vector scores.
    memory: bound on the scores held at a time, in bytes. Raises InputError where the part has no targets.
    """
    inputs, targets = split.inputs(part), torch.from_numpy(split.targets(part))
    users = split.part(part).users
    if len(inputs) == 0:
        raise InputError(f"no user can be evaluated: the split {split.name} leaves nothing for {part}")
    found: list[Ranks] = []
    begin, block = 0, 1
    while begin < len(inputs):
        numbers = np.arange(begin, min(begin + block, len(inputs)))
        ranks, items = _ranks_of_block(scorer, inputs.chosen(numbers), users[numbers], targets[numbers])
        found.append(Ranks(ranks.kept.cpu(), ranks.unseen.cpu()))
        # The first block of one user tells how wide a row of scores is.
        begin, block = begin + len(numbers), max(1, memory // (BYTES_A_SCORE * items))
    ranks = Ranks(torch.cat([r.kept for r in found]), torch.cat([r.unseen for r in found]))
    known = torch.from_numpy(split.known(part))
    of_known = metrics_at(ranks.kept[known], cutoffs) if known.any() else None
    return Evaluation(metrics_at(ranks.kept, cutoffs), metrics_at(ranks.unseen, cutoffs), ranks, users, of_known)


def _ranks_of_block(
    scorer: Scorer, histories: Sequences, users: NDArray[np.int64], targets: Int[Tensor, "B"]
) -> tuple[Ranks, int]:
    """Ranks of these users' targets, and the number of items they are ranked among."""
    seen = seen_cells(histories)
    if isinstance(scorer, FactorScorer):
        states, table = scorer.factors(histories, users)
        device = states.device
        seen = (seen[0].to(device), seen[1].to(device))
        return ranks_of_products(states, table, targets.to(device), seen), len(table)
    scores = scorer.score(histories, users)
    device = scores.device
    seen = (seen[0].to(device), seen[1].to(device))
    return ranks_of_targets(scores, targets.to(device), seen), scores.shape[1]
