"""Chooses between the exact and the approximate search for neighbours, and measures what the second misses."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sracl.engines import LOCAL, Engine
from sracl.semantics.approximate import nearest_approximate
from sracl.semantics.retrieval import DEFAULT_MEMORY, Exclusion, nearest

Method = Literal["auto", "exact", "approximate"]

EXACT_FLOP = 3e13
"""The exact search's work up to which `auto` takes it: 197,000 rows of 384, 121,000 of 1,024, minutes on two cores."""
SAMPLE = 1000
"""Queries that are searched exactly to measure recall."""
GOOD_RECALL = 0.95
"""Recall under which the approximate search looks wider."""
WIDTHS = (1.0, 2.0, 4.0)
"""How wide it looks, one after another."""
EQUAL = 1e-6
"""Similarities that differ by less, which is rounding, are equal, and their rows stand for one another."""


@dataclass(frozen=True)
class Found:
    """Neighbours int32 `[P, k]`, the method that found them, and its measured recall@k, None where it is exact."""

    neighbours: NDArray[np.int32]
    method: Literal["exact", "approximate"]
    recall: float | None


def neighbours(
    embeddings: NDArray[np.float32],
    k: int,
    exclusion: Exclusion,
    memory: int = DEFAULT_MEMORY,
    on_progress: Callable[[int], None] = lambda queries: None,
    method: Method = "auto",
    seed: int = 0,
    engine: Engine = LOCAL,
) -> Found:
    """The k most similar rows of every row of `embeddings` `[P, D]` (unit vectors), exact while that is cheap.

    The recall of the approximate search is that of 1,000 queries drawn by `seed` (of all where there are fewer). Below
    0.95 it looks wider, twice at most; the last result is returned whatever its recall. `on_progress` is told of the
    first search only. engine: whose workers search. For the rest see `retrieval.nearest`.
    """
    if method == "auto":
        method = "exact" if 2.0 * len(embeddings) ** 2 * embeddings.shape[1] <= EXACT_FLOP else "approximate"
    if method == "exact":
        return Found(nearest(embeddings, k, exclusion, memory, on_progress, engine=engine), "exact", None)
    sample = np.random.default_rng(seed).permutation(len(embeddings))[:SAMPLE]
    truth = nearest(embeddings, k, exclusion, memory, queries=sample, engine=engine)
    for width in WIDTHS:
        found = nearest_approximate(embeddings, k, exclusion, memory, on_progress, seed, width)
        recall = recall_of(embeddings, sample, found[sample], truth)
        if recall >= GOOD_RECALL:
            break
        on_progress = _silent
    return Found(found, "approximate", recall)


def recall_of(
    embeddings: NDArray[np.float32],
    queries: NDArray[np.int64],
    found: NDArray[np.int32],
    truth: NDArray[np.int32],
) -> float:
    """Share of the true neighbours of some queries that were found; `found` and `truth` are int32 `[Q, k]`.

    Of rows equally similar to the query one is as good as another: what was found counts where it is as similar as the
    last true neighbour. 1 where there is nothing to find.
    """
    wanted = (truth >= 0).sum(axis=1)
    last = np.where(truth >= 0, _similarities(embeddings, queries, truth), np.inf).min(axis=1, initial=np.inf)
    similar = _similarities(embeddings, queries, found) >= last[:, None] - EQUAL
    hits = np.minimum((similar & (found >= 0)).sum(axis=1), wanted)
    return float(hits.sum() / wanted.sum()) if wanted.sum() else 1.0


def _similarities(
    embeddings: NDArray[np.float32], queries: NDArray[np.int64], others: NDArray[np.int32]
) -> NDArray[np.float32]:
    columns = [np.einsum("qd,qd->q", embeddings[queries], embeddings[column]) for column in others.T]
    return np.stack(columns, axis=1)


def _silent(queries: int) -> None:
    """Tell nobody."""
