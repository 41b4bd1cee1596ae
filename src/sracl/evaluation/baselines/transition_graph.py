"""The transition graph: a few hops from the last items, and likeness of texts (Han et al., 2026, arXiv 2605.07125)."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from pydantic import Field
from scipy.sparse import csr_array
from torch import Tensor

from sracl.datasets.sequences import Int64, Sequences
from sracl.datasets.sparse import last_items, places_in_rows, transitions
from sracl.evaluation.baselines.base import Baseline, BaselineData

Budget = Annotated[int, Field(ge=0)]


@dataclass(frozen=True)
class Ring:
    """Items at one distance from a source: row of the block, item and score of each, `[n]`; some are picked."""

    rows: Int64
    items: Int64
    scores: NDArray[np.float32]
    picked: NDArray[np.bool_]


class TransitionGraph(Baseline):
    """The heuristic that the paper calls TGH, from the last item (TGH-1) or the last two (TGH-2).

    An edge leads from every item to each that came right after it in training. Ring h of a source are the items whose
    shortest way from it has h edges; a source belongs to its own ring 1 if it followed itself. Within a ring, items
    stand by the cosine of their text's embedding and the source's; in ring 1, edge_weight log(1 + n_ij) / max_j log(1 +
    n_ij) is added. From every ring so many are picked as `last` and `second_last` say, ring 1 first.

    The paper gives lists of ten: (7, 2, 1) from the last item, or (5, 1) from it and (3, 1) from the one before. How
    all other items follow is our reading: those of the rings that were not picked, in the same order of rings, then
    the rest by likeness to the last item. The paper fills short lists from the rings too, then at random; its texts are
    embedded by flan-t5-xl, ours by the run's encoder.

    Rings are made for a block of users at a time: the graph alone is kept.
    """

    needs_texts = True

    def __init__(
        self,
        data: BaselineData,
        last: Annotated[tuple[Budget, ...], Field(description="picked from each ring around the last item")] = (
            7,
            2,
            1,
        ),
        second_last: Annotated[tuple[Budget, ...], Field(description="and around the item before")] = (),
        edge_weight: Annotated[float, Field(ge=0, description="of how often one followed the other, in ring 1")] = 0.5,
    ) -> None:
        self.embeddings = torch.from_numpy(np.array(data.texts))
        self.budgets = (last, second_last)
        counts = transitions(data.training, data.item_count)
        self.edges = csr_array((np.ones_like(counts.data), counts.indices, counts.indptr), shape=counts.shape)
        self.bonus = _scaled_logarithms(counts) * np.float32(edge_weight)
        # Cosines reach from -1 to 1, so that scores of one tier never reach those of the next.
        self.step = 3.0 + edge_weight

    def score(self, histories: Sequences, users: NDArray[np.int64]) -> Float[Tensor, "B N"]:
        """Scores that hold the order described above: picks above what was left in rings, and so on."""
        scores = self._likeness(last_items(histories))
        rings: list[Ring] = []
        for back, budgets in enumerate(self.budgets):
            if not budgets:
                continue
            sources = last_items(histories, back)
            likeness = scores if back == 0 else self._likeness(sources)
            rings += self._rings(sources, budgets, likeness.numpy(), rings)
        result = scores.clone().numpy()
        tier = 0
        for want in (False, True):
            for ring in reversed(rings):
                tier += 1
                part = ring.picked == want
                result[ring.rows[part], ring.items[part]] = ring.scores[part] + tier * self.step
        return torch.from_numpy(result)

    def _likeness(self, sources: Int64) -> Float[Tensor, "B N"]:
        """Cosines of the sources' texts and all items'; of no source (-1) those of any, which no ring will read."""
        likeness: Tensor = self.embeddings[torch.from_numpy(sources)] @ self.embeddings.T
        return likeness

    def _rings(
        self, sources: Int64, budgets: tuple[int, ...], likeness: NDArray[np.float32], before: list[Ring]
    ) -> list[Ring]:
        """The rings around `sources` `[B]`, one a budget; what is picked in `before` is not in them."""
        known = np.flatnonzero(sources >= 0)
        reached = np.zeros(likeness.shape, dtype=bool)
        reached[known, sources[known]] = True
        taken = np.zeros(likeness.shape, dtype=bool)
        for ring in before:
            taken[ring.rows[ring.picked], ring.items[ring.picked]] = True
        found = []
        for hops, budget in enumerate(budgets):
            if hops == 0:
                first = self.bonus[sources[known]].tocoo()
                rows, items, bonus = known[first.row], first.col.astype(np.int64), first.data
            else:
                rows, items = self._after(rows, items, reached)
                bonus = np.zeros(len(rows), dtype=np.float32)
            reached[rows, items] = True
            free = ~taken[rows, items]
            scores = (likeness[rows, items] + bonus)[free]
            picked = places_in_rows(rows[free], scores) < budget
            found.append(Ring(rows[free], items[free], scores, picked))
        return found

    def _after(self, rows: Int64, items: Int64, reached: NDArray[np.bool_]) -> tuple[Int64, Int64]:
        """Row and item of all that one more edge leads to for the first time."""
        ones = np.ones(len(rows), dtype=np.float32)
        found = csr_array((ones, (rows, items)), shape=reached.shape) @ self.edges
        found.sort_indices()
        after = found.tocoo()
        new = ~reached[after.row, after.col]
        return after.row[new].astype(np.int64), after.col[new].astype(np.int64)


def _scaled_logarithms(counts: csr_array) -> csr_array:
    """log(1 + n_ij) over the highest of its row, `[N, N]`."""
    logarithms = np.log1p(counts.data)
    rows = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    highest = np.zeros(counts.shape[0], dtype=np.float32)
    np.maximum.at(highest, rows, logarithms)
    return csr_array((logarithms / highest[rows], counts.indices, counts.indptr), shape=counts.shape)
