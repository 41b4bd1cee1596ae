"""The best candidates of many queries, collected bit by bit within bounded memory."""

import numpy as np
from jaxtyping import Int
from numpy.typing import NDArray
from torch import Tensor

SHIFT = 2**25
"""Above every score's size: codes' products stay below 2**24."""


class Candidates:
    """Keeps the `kept` best-scored candidates of queries 0 ... Q - 1, of equal ones those that came first.

    least: the score that a candidate must reach, float32 `[Q]`. It rises, in place, when there are twice as many
    candidates as can be kept and the worst are dropped.
    """

    def __init__(self, least: Tensor, kept: int) -> None:
        self.least, self.kept = least, kept
        self._parts: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]] = []
        self._held = 0

    def add(self, queries: NDArray[np.int64], candidates: NDArray[np.int64], scores: NDArray[np.int64]) -> None:
        """Pairs of a query and a candidate, `[n]` each; no pair may come twice."""
        self._parts.append((queries, candidates, scores))
        self._held += len(queries)
        if self._held > 2 * self.kept * len(self.least):
            self._drop()

    def best(self) -> Int[np.ndarray, "Q R"]:
        """The best candidates of each query, in no order, -1 where there are fewer."""
        queries, candidates, _, ranks = self._sorted()
        result = np.full((len(self.least), self.kept), -1, dtype=np.int64)
        few = ranks < self.kept
        result[queries[few], ranks[few]] = candidates[few]
        return result

    def _drop(self) -> None:
        queries, candidates, scores, ranks = self._sorted()
        few = ranks < self.kept
        worst = ranks == self.kept - 1
        least = self.least.numpy()
        least[queries[worst]] = np.maximum(least[queries[worst]], scores[worst])
        self._parts = [(queries[few], candidates[few], scores[few])]
        self._held = int(few.sum())

    def _sorted(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """All pairs by query, the best first, and each one's rank among its query's."""
        if not self._parts:
            nothing = np.empty(0, dtype=np.int64)
            return nothing, nothing, nothing, nothing
        queries, candidates, scores = (np.concatenate(part) for part in zip(*self._parts, strict=True))
        order = np.argsort(queries * (2 * SHIFT) + (SHIFT - scores), kind="stable")
        queries, candidates, scores = queries[order], candidates[order], scores[order]
        return queries, candidates, scores, np.arange(len(queries)) - np.searchsorted(queries, queries)
