"""How much to trust what is remembered, by validation."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from sracl.datasets.splits import Split
from sracl.evaluation.evaluate import Scorer, evaluate
from sracl.transition_memory.memory import TransitionMemory
from sracl.transition_memory.scorer import RememberingScorer

CANDIDATES = (25.0, 50.0, 100.0, 200.0, 400.0, 800.0, 1600.0)
"""Concentrations that are tried."""
TARGETS = 10_000
"""Validation targets that are ranked at most, spread evenly over all."""
CUTOFF = 10
METRIC = f"NDCG@{CUTOFF}"


def choose_concentration(
    scorer: Scorer, memory: TransitionMemory, split: Split
) -> tuple[float | None, dict[float | None, float]]:
    """The concentration of the best validation NDCG@10, and that of every candidate; None: the model alone.

    Seen items are removed from the ranking: a memory seldom ranks high what somebody just had, and would be taken for
    better than it is. Of equals the higher concentration, which changes less, is taken.
    """
    found = dict(_measured(scorer, memory, _sampled(split)))
    return max(found, key=lambda one: (found[one], float("inf") if one is None else one)), found


def _measured(scorer: Scorer, memory: TransitionMemory, split: Split) -> Iterator[tuple[float | None, float]]:
    for concentration in (None, *CANDIDATES):
        asked = scorer
        if concentration is not None:
            asked = RememberingScorer(scorer, replace(memory, concentration=concentration))
        yield concentration, evaluate(asked, split, "validation", (CUTOFF,)).unseen[METRIC]


def _sampled(split: Split) -> Split:
    asked = split.validation
    rows = np.linspace(0, len(asked) - 1, min(len(asked), TARGETS)).astype(np.int64)
    return replace(split, validation=asked.chosen(rows))
