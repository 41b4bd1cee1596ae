"""Chooses between the exact and the approximate search for neighbours, and measures what the second misses."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sracl.config import SemanticsConfig
from sracl.engines import LOCAL, Engine
from sracl.semantics.approximate import ApproximateSearch
from sracl.semantics.few_queries import nearest_of_few
from sracl.semantics.retrieval import DEFAULT_MEMORY, Exclusion, nearest, search_device

Method = Literal["auto", "exact", "approximate"]

EXACT_FLOP = 3e13
"""The exact search's work up to which `auto` takes it: 197,000 rows of 384, 121,000 of 1,024, minutes on two cores."""
EXACT_FLOP_ON_GPU = 3e15
"""The same where the exact search has a GPU: 2,000,000 rows of 384, minutes at 30 TFLOP/s of float32."""
LEAST_FLOP = 1e11
"""The exact search's work below which nothing is faster: 11,000 rows of 384, a second."""
SAMPLE = 1000
"""Queries that are searched exactly to measure recall."""
WANTED_RECALL = 0.99
"""Recall that the approximate search is to reach."""
EFFORTS = (0.125, 0.25, 0.5, 1.0, 1.5, 2.5, 4.0, 8.0)
"""How hard the approximate search tries, one after another."""
SURE = 1.0
"""Standard errors by which the sample's recall must exceed the wanted one."""
EQUAL = 1e-6
"""Similarities that differ by less, which is rounding, are equal, and their rows stand for one another."""


@dataclass(frozen=True)
class Found:
    """Neighbours int32 `[P, k]` and the method that found them.

    tried: the efforts of the approximate search, one after another, and the recall@k of a sample by each.
    """

    neighbours: NDArray[np.int32]
    method: Literal["exact", "approximate"]
    tried: dict[float, float] = field(default_factory=dict)

    @property
    def recall(self) -> float | None:
        """The measured recall@k of the approximate search, None where the search was exact."""
        return list(self.tried.values())[-1] if self.method == "approximate" else None


def neighbours(
    embeddings: NDArray[np.float32],
    k: int,
    exclusion: Exclusion,
    memory: int = DEFAULT_MEMORY,
    on_progress: Callable[[int], None] = lambda queries: None,
    method: Method = "auto",
    seed: int = 0,
    engine: Engine = LOCAL,
    wanted: float = WANTED_RECALL,
) -> Found:
    """The k most similar rows of every row of `embeddings` `[P, D]` (unit vectors), exact while that is cheap.

    The approximate search first looks for the neighbours of 1,000 queries drawn by `seed`, with more and more effort,
    until its recall of these is a standard error above `wanted`. With this effort all are searched. Where no effort
    reaches it, or the whole exact search takes a second, the search is exact. engine: whose workers search. For the
    rest see `retrieval.nearest`.
    """
    work = 2.0 * len(embeddings) ** 2 * embeddings.shape[1]
    on_gpu = search_device(embeddings.nbytes, memory).type == "cuda"
    affordable = {"auto": EXACT_FLOP_ON_GPU if on_gpu else EXACT_FLOP, "approximate": LEAST_FLOP}
    if method == "exact" or work <= affordable[method]:
        return Found(nearest(embeddings, k, exclusion, memory, on_progress, engine=engine), "exact")
    search = ApproximateSearch(embeddings, k, exclusion, memory, seed)
    sample = np.random.default_rng(seed).permutation(len(embeddings))[:SAMPLE]
    truth = nearest_of_few(embeddings, k, exclusion, sample, memory)
    tried: dict[float, float] = {}
    for effort in EFFORTS:
        tried[effort], error = recall_of(embeddings, sample, search.nearest(sample, effort), truth)
        if tried[effort] - SURE * error >= wanted:
            return Found(search.nearest(None, effort, on_progress, engine), "approximate", tried)
    return Found(nearest(embeddings, k, exclusion, memory, on_progress, engine=engine), "exact", tried)


def configured_search(settings: SemanticsConfig, engine: Engine = LOCAL) -> Callable[..., Found]:
    """`neighbours` with the k, the memory, the method and the recall of the configuration, by the engine's workers."""
    return partial(
        neighbours,
        k=settings.neighbors,
        memory=settings.memory_mb * 2**20,
        method=settings.search,
        engine=engine,
        wanted=settings.recall,
    )


def recall_of(
    embeddings: NDArray[np.float32],
    queries: NDArray[np.int64],
    found: NDArray[np.int32],
    truth: NDArray[np.int32],
) -> tuple[float, float]:
    """Share of the true neighbours of some queries that were found, and its standard error as that of a sample.

    `found` and `truth` are int32 `[Q, k]`. Of rows equally similar to the query one is as good as another: what was
    found counts where it is as similar as the last true neighbour. 1 where there is nothing to find.
    """
    wanted = (truth >= 0).sum(axis=1)
    if not wanted.any():
        return 1.0, 0.0
    last = np.where(truth >= 0, _similarities(embeddings, queries, truth), np.inf).min(axis=1, initial=np.inf)
    similar = _similarities(embeddings, queries, found) >= last[:, None] - EQUAL
    hits = np.minimum((similar & (found >= 0)).sum(axis=1), wanted)
    recall = hits.sum() / wanted.sum()
    error = np.std(hits - recall * wanted) / (wanted.mean() * len(wanted) ** 0.5)
    return float(recall), float(error)


def _similarities(
    embeddings: NDArray[np.float32], queries: NDArray[np.int64], others: NDArray[np.int32]
) -> NDArray[np.float32]:
    columns = [np.einsum("qd,qd->q", embeddings[queries], embeddings[column]) for column in others.T]
    return np.stack(columns, axis=1)
