"""Approximate nearest neighbours by cosine: cells of alike rows, short codes, true similarities of what is left.

Rows are put into cells around centres found by k-means. A few cells around its own tell how similar a query's k
nearest must be at least. Then each query looks into the cells whose centres are nearest, into more of them if its
neighbours are far, and the products of codes, whole numbers of a byte, tell which rows are near. Only for these is the
true similarity computed. A cell meets all of its queries in one dense product, and nothing is sorted but what is left.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor

from sracl.engines import LOCAL, Engine
from sracl.mapped import let_go
from sracl.semantics.candidates import Candidates
from sracl.semantics.cells import BLOCK, Cells, rows_of
from sracl.semantics.retrieval import DEFAULT_MEMORY, Exclusion, exclude

FIRST_CELLS = 4
"""Cells around a query's own, with it, that tell how similar other rows must be."""
VISITS = 0.7
"""Cells that the query of the nearest neighbours looks into, over the square root of the number of cells."""
SPARE = 24
"""Candidates beyond k whose true similarity is computed."""
SLACK = 2.0
"""Standard deviations of the codes' error by which a candidate may miss the score of the first cells."""
PROBES = 4096
"""Pairs of rows that tell the codes' error."""
NEVER = -(2.0**24)
"""Below every score."""
BYTES_A_CANDIDATE = 160
"""Memory for a candidate while all are sorted, twice as many as are kept."""
PAIRS = 2048
"""Pairs of rows whose true similarity is computed at a time."""


@dataclass(frozen=True)
class Asked:
    """What a worker needs: the search, the places of all queries `[Q]`, and with what effort to look for them."""

    search: "ApproximateSearch"
    places: Int[Tensor, " Q"]
    effort: float


class ApproximateSearch:
    """Nearly the k most similar rows of the rows of `embeddings` `[P, D]` (unit vectors).

    The rules are those of `retrieval.nearest`: rows of zeros are nobody's neighbour and have none, -1 fills what is
    missing. `memory` bounds, in bytes, what is held beside the embeddings, a byte for each number of their codes, and
    the results; it is at least what a query takes. `seed` draws the cells. Raises InputError for NaN or infinite
    embeddings.
    """

    def __init__(
        self,
        embeddings: NDArray[np.float32],
        k: int,
        exclusion: Exclusion,
        memory: int = DEFAULT_MEMORY,
        seed: int = 0,
    ) -> None:
        self.embeddings, self.k, self.memory = embeddings, k, memory
        # The place of each row in the cells' order, -1 for rows of zeros.
        self.places = np.full(len(embeddings), -1, dtype=np.int64)
        cells = Cells.of(embeddings, seed)
        if cells is None:
            return
        self.cells = cells
        self.places[cells.numbers.numpy()] = np.arange(len(cells.numbers))
        self.begins = torch.from_numpy(exclusion.begins)[cells.numbers]
        self.ends = torch.from_numpy(exclusion.ends)[cells.numbers]
        # Its own cell first, even where centres are equal.
        alike = cells.to_centres(cells.centres).fill_diagonal_(-NEVER)
        self.near = alike.topk(min(FIRST_CELLS, len(cells)), dim=1).indices
        first = self._first_scores()
        # Less half of its own square, a query's score tells its distance, which can be compared with another query's.
        order = torch.argsort(first - cells.halves, stable=True)
        self.share = torch.empty(len(first))
        self.share[order] = (torch.arange(len(first)) + 0.5) / len(first)
        self.least = (first - SLACK * self._error(seed)).floor()

    def nearest(
        self,
        queries: NDArray[np.int64] | None = None,
        effort: float = 1.0,
        on_progress: Callable[[int], None] = lambda queries: None,
        engine: Engine = LOCAL,
    ) -> NDArray[np.int32]:
        """The neighbours found for the rows `queries` `[Q]` (all unless given), the best first, int32 `[Q, k]`.

        Similarities are exact, and equal ones stand in the order of their rows' numbers. `effort` multiplies the cells
        that a query looks into, and the candidates. engine: whose workers search.
        """
        places = self.places if queries is None else self.places[queries]
        result = np.full((len(places), self.k), -1, dtype=np.int32)
        # Queries of a cell look into much the same cells.
        asked = np.argsort(places, kind="stable")
        asked = asked[np.searchsorted(places[asked], 0) :]
        on_progress(len(places) - len(asked))
        if len(asked) == 0:
            return result
        size = max(1, self.memory // 2 // (len(self.cells) + BYTES_A_CANDIDATE * self.kept(effort)))
        blocks = [range(begin, min(begin + size, len(asked))) for begin in range(0, len(asked), size)]
        shared = Asked(self, torch.from_numpy(places[asked]), effort)
        for block, found in engine.map_blocks(_work_of, shared, blocks):
            result[asked[block.start : block.stop]] = found
            on_progress(len(block))
        return result

    def kept(self, effort: float) -> int:
        """Candidates of a query whose true similarity is computed."""
        return self.k + min(round(SPARE * effort), len(self.cells.numbers))

    def block(self, places: Int[Tensor, " B"], effort: float) -> Int[np.ndarray, "B K"]:
        """The neighbours found for the rows at some places, int32 `[B, k]`."""
        return self._best(places, self._candidates(places, self._visits(places, effort), self.kept(effort)))

    def _first_scores(self) -> Float[Tensor, " n"]:
        """The k-th best score of each place in the cells around its own, NEVER where there are fewer."""
        cells, offsets = self.cells, self.cells.offsets.tolist()
        first = torch.full((len(cells.numbers),), NEVER)
        for cell, near in enumerate(self.near.tolist()):
            members = torch.cat([torch.arange(offsets[other], offsets[other + 1]) for other in near])
            if len(members) < self.k:
                continue
            own = np.arange(offsets[cell], offsets[cell + 1])
            for part in _parts(own, self.memory // (16 * len(members))):
                block = slice(int(part[0]), int(part[-1]) + 1)
                scores = cells.to_rows(cells.codes[block], members)
                self._exclude(scores, block, near)
                place = len(members) - self.k
                first[block] = torch.from_numpy(np.partition(scores.numpy(), place, axis=1)[:, place]).float()
        return first

    def _exclude(self, scores: Tensor, block: slice, near: list[int]) -> None:
        """Set to NEVER what the places of a block may not find in some cells: a few columns a row, found by number."""
        offsets, begins, ends = self.cells.offsets, self.begins[block], self.ends[block]
        column = 0
        for cell in near:
            numbers = self.cells.numbers[int(offsets[cell]) : int(offsets[cell + 1])]
            low, high = (torch.searchsorted(numbers, bounds).numpy() for bounds in (begins, ends))
            exclude(scores, column + low, column + high, NEVER)
            column += len(numbers)

    def _error(self, seed: int) -> float:
        """Standard deviation of the products of codes from those of rows less the mean, both of a cell."""
        cells, generator = self.cells, torch.Generator().manual_seed(seed)
        left = torch.randint(len(cells.numbers), (PROBES,), generator=generator)
        begins, ends = cells.offsets[cells.owners[left]], cells.offsets[cells.owners[left] + 1]
        right = begins + (torch.rand(PROBES, generator=generator, dtype=torch.float64) * (ends - begins)).long()
        codes = (cells.codes[left].float() * cells.codes[right].float()).sum(dim=1)
        rows, others = (rows_of(self.embeddings, cells.numbers[place]) - cells.coder.mean for place in (left, right))
        return float((codes - cells.coder.scale**2 * (rows * others).sum(dim=1)).std())

    def _visits(self, places: Int[Tensor, " B"], effort: float) -> NDArray[np.bool_]:
        """Which queries look into which cells, bool `[C, B]`.

        The neighbours of rows that have none near are scattered. So the number of cells is inverse to a row's share:
        its place, over the number of rows, in the order of the first scores, the lowest first. For the same recall this
        takes two thirds of the work of an equal number for all.
        """
        count = len(self.cells)
        wished = (effort * VISITS * count**0.5 / self.share[places]).ceil().clamp(max=count).long()
        visits = np.empty((count, len(places)), dtype=bool)
        for part in torch.arange(len(places)).split(BLOCK):
            scores = self.cells.to_centres(self.cells.codes[places[part]]).numpy()
            least = np.take_along_axis(np.sort(scores, axis=1), count - wished[part, None].numpy(), axis=1)
            visits[:, int(part[0]) : int(part[-1]) + 1] = (scores >= least).T
        for near in self.near[self.cells.owners[places]].T:
            visits[near.numpy(), np.arange(len(places))] = True
        return visits

    def _candidates(self, places: Int[Tensor, " B"], visits: NDArray[np.bool_], kept: int) -> Int[np.ndarray, "B R"]:
        """Numbers of the rows whose codes are the nearest in the cells that the queries visit, -1 where fewer."""
        cells = self.cells
        offsets = cells.offsets.tolist()
        found = Candidates(self.least[places], kept)
        queries, begins, ends = cells.codes[places], self.begins[places].numpy(), self.ends[places].numpy()
        for cell, asking in enumerate(visits):
            members = slice(offsets[cell], offsets[cell + 1])
            numbers = cells.numbers[members].numpy()
            if len(numbers) == 0:
                continue
            room = self.memory // 2 // (32 * len(numbers) + 5 * queries.shape[1])
            for part in _parts(np.flatnonzero(asking), min(room, BLOCK)):
                # Written with what is fastest for millions of rows: index_select, and NumPy for marks and finding them.
                scores = cells.to_rows(queries.index_select(0, torch.from_numpy(part)), members)
                least = found.least[torch.from_numpy(part), None].to(scores.dtype)
                marked = np.flatnonzero(scores.numpy() >= least.numpy())
                left, right = part[marked // len(numbers)], numbers[marked % len(numbers)]
                allowed = (right < begins[left]) | (right >= ends[left])
                score = scores.numpy().reshape(-1)[marked[allowed]].astype(np.int64)
                found.add(left[allowed], right[allowed], score)
        return found.best()

    def _best(self, places: Int[Tensor, " B"], candidates: Int[np.ndarray, "B R"]) -> NDArray[np.int32]:
        """The k of the candidates that are truly the most similar, best first, -1 where there are fewer."""
        # By number, so that a stable order puts equal similarities so; those that are missing come first.
        candidates = np.sort(candidates, axis=1)
        result = np.empty((len(places), self.k), dtype=np.int32)
        for part in _parts(np.arange(len(places)), PAIRS // candidates.shape[1]):
            numbers = torch.from_numpy(candidates[part])
            rows = rows_of(self.embeddings, numbers.clamp(min=0).flatten()).view(*numbers.shape, -1)
            rows *= rows_of(self.embeddings, self.cells.numbers[places[part]])[:, None]
            similar = rows.sum(dim=2).masked_fill_(numbers < 0, float("-inf"))
            order = similar.argsort(dim=1, descending=True, stable=True)[:, : self.k]
            result[part] = numbers.gather(1, order).numpy()
        let_go(self.embeddings)
        return result


def _work_of(asked: Asked) -> Callable[[range], NDArray[np.int32]]:
    return lambda block: asked.search.block(asked.places[block.start : block.stop], asked.effort)


def _parts(numbers: NDArray[np.int64], size: int) -> list[NDArray[np.int64]]:
    """Runs of `numbers`, of `size` each (at least 1)."""
    size = max(1, size)
    return [numbers[begin : begin + size] for begin in range(0, len(numbers), size)]
