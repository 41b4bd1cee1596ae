"""Approximate nearest neighbours by cosine: cells of alike rows, short sketches of rows, true scores of what is left.

Rows are put into cells around centres found by k-means. A query looks into the cells whose centres are nearest, and
into more of them if it lies far from every centre. There a sketch of each row, a fraction of its length, tells which
rows may be among the k best. Only for these is the true similarity computed. Cells and queries meet in dense matrix
products; excluded rows are struck from the few that are left, so that an exclusion of thousands costs next to nothing.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor

from sracl.datasets.sequences import Sequences
from sracl.semantics.retrieval import CHUNK, DEFAULT_MEMORY, Exclusion, best_columns, exclude, finite_table

ROUNDS, SAMPLE = 5, 20
"""Rounds of k-means, and the rows a cell that it sees. More of either changes the recall by less than chance does."""
FIRST_CELLS = 4
"""Cells around a query's own, whose k best set the similarity that other rows must reach."""
VISITS = 0.8
"""Cells that the query nearest to its centre looks into, over the square root of the number of cells."""
KEPT = 0.97
"""Share of the rows' squared lengths that the sketches' directions keep."""
AGREEMENT = 0.7
"""How far the parts that two sketches leave out are taken to agree. 1 loses no row, 0 loses neighbours of odd rows."""
BYTES_A_VISIT = 64
"""Memory for a pair of a query and a cell while it is sorted."""
BLOCK = 2048
"""Queries ranked against all centres at a time."""
PAIRS = 1 << 12
"""Pairs of rows whose true similarity is computed at a time."""


@dataclass(frozen=True)
class Cells:
    """Rows grouped by the most similar of `centres` `[C, D]`: cell c holds the row numbers `members[c]`, rising.

    rows: all rows in cells, int64 `[n]`. closeness: each one's similarity to its centre, float32 `[n]`.
    """

    centres: Float[Tensor, "C D"]
    members: Sequences
    rows: Int[Tensor, " n"]
    closeness: Float[Tensor, " n"]


def nearest_approximate(
    embeddings: NDArray[np.float32],
    k: int,
    exclusion: Exclusion,
    memory: int = DEFAULT_MEMORY,
    on_progress: Callable[[int], None] = lambda queries: None,
    seed: int = 0,
    width: float = 1.0,
) -> NDArray[np.int32]:
    """Nearly the k most similar rows of every row of `embeddings` `[P, D]` (unit vectors), best first, int32 `[P, k]`.

    The rules are those of `retrieval.nearest`: rows of zeros are nobody's neighbour and have none, -1 fills what is
    missing. Similarities are exact, and equal ones stand in the order of their rows' numbers. `memory` bounds, in
    bytes, what is held beside the embeddings, their sketches and the result. `seed` draws the first centres. `width`
    multiplies the cells that a query looks into. Raises InputError for NaN or infinite embeddings.
    """
    table = finite_table(embeddings, len(embeddings))
    rows = torch.nonzero(table.any(dim=1)).squeeze(1)
    result = np.full((len(table), k), -1, dtype=np.int32)
    on_progress(len(table) - len(rows))
    if len(rows) == 0:
        return result
    cells = cells_of(table, rows, seed)
    first, similarities = _first_neighbours(table, cells, k, exclusion)
    scan = _Scan(table, cells, exclusion, similarities[:, -1].contiguous(), memory)
    for queries, asking, visited in _visits(table, cells, width, memory):
        place, column = torch.nonzero(first[queries] >= 0, as_tuple=True)
        known = (queries[place], first[queries][place, column], similarities[queries][place, column])
        result[queries.numpy()] = _best(queries, [known, *scan.look(asking, visited)], k, len(table))
        on_progress(len(queries))
    return result


def cells_of(table: Float[Tensor, "P D"], rows: Int[Tensor, " n"], seed: int) -> Cells:
    """Spherical k-means of some rows of a table, with about three times the square root of n cells."""
    count = min(len(rows), round(3 * len(rows) ** 0.5))
    drawn = torch.randperm(len(rows), generator=torch.Generator().manual_seed(seed))[: SAMPLE * count]
    sample = table[rows[drawn]]
    centres = sample[:count].clone()
    for _ in range(ROUNDS):
        _, nearest = _nearest_centre(sample, centres)
        sums = torch.zeros_like(centres).index_add_(0, nearest, sample)
        lengths = sums.norm(dim=1, keepdim=True)
        centres = torch.where(lengths > 0, sums / lengths.clamp(min=1e-9), centres)
    closeness, nearest = _nearest_centre(table[rows], centres)
    order = torch.argsort(nearest, stable=True)
    members = Sequences.from_sorted(nearest[order].numpy(), rows[order].numpy(), count)
    return Cells(centres, members, rows, closeness)


def sketches(table: Float[Tensor, "P D"]) -> Float[Tensor, "P S"]:
    """Short rows whose products say how similar the rows are at best, or nearly.

    A sketch is the row in the directions where the rows vary most, and the length of what is left out. The products of
    these lengths bound what the parts left out can add; `AGREEMENT` says how much of the bound is counted.
    """
    strengths, directions = torch.linalg.eigh(table.T @ table)
    kept = strengths.flip(0).cumsum(0) / strengths.sum()
    count = min(int(torch.searchsorted(kept, KEPT)) + 1, table.shape[1])
    short = table @ directions.flip(1)[:, :count]
    left = (table.square().sum(1) - short.square().sum(1)).clamp(min=0)
    return torch.cat([short, (AGREEMENT * left).sqrt()[:, None]], dim=1)


def _nearest_centre(
    rows: Float[Tensor, "n D"], centres: Float[Tensor, "C D"]
) -> tuple[Float[Tensor, " n"], Int[Tensor, " n"]]:
    blocks = [(block @ centres.T).max(dim=1) for block in rows.split(BLOCK)]
    return torch.cat([block.values for block in blocks]), torch.cat([block.indices for block in blocks])


def _first_neighbours(
    table: Float[Tensor, "P D"], cells: Cells, k: int, exclusion: Exclusion
) -> tuple[Int[Tensor, "P K"], Float[Tensor, "P K"]]:
    """The k best in the cells around each row's own, -1 where there are fewer, and their similarities."""
    found = torch.full((len(table), k), -1)
    similarities = torch.full((len(table), k), float("-inf"))
    around = (cells.centres @ cells.centres.T).topk(min(FIRST_CELLS, len(cells.centres)), dim=1).indices
    for cell, near in enumerate(around.tolist()):
        queries = cells.members[cell]
        candidates = np.sort(np.concatenate([cells.members[other] for other in {cell, *near}]))
        if len(queries) == 0:
            continue
        gathered = torch.zeros(-(-len(candidates) // CHUNK) * CHUNK, table.shape[1])
        gathered[: len(candidates)] = table[torch.from_numpy(candidates)]
        scores = table[torch.from_numpy(queries)] @ gathered.T
        scores[:, len(candidates) :] = float("-inf")
        begins = np.searchsorted(candidates, exclusion.begins[queries])
        exclude(scores, begins, np.searchsorted(candidates, exclusion.ends[queries]))
        best, score = best_columns(scores, k)
        numbers = torch.from_numpy(candidates).long()[best.clamp(max=len(candidates) - 1)].masked_fill_(best < 0, -1)
        found[torch.from_numpy(queries), : best.shape[1]] = numbers
        similarities[torch.from_numpy(queries), : best.shape[1]] = score
    return found, similarities


def _visits(
    table: Float[Tensor, "P D"], cells: Cells, width: float, memory: int
) -> Iterator[tuple[Int[Tensor, " Q"], Int[Tensor, " V"], Int[Tensor, " V"]]]:
    """Which queries look into which cells: some queries, then pairs of a query and a cell, as many as fit.

    Neighbours of a row far from every centre are scattered. So the number of cells a query looks into is inverse to
    its place among all, the farthest first. This halves the work of an equal number for the same recall.
    """
    order = torch.argsort(cells.closeness, stable=True)
    count = len(cells.centres)
    share = (torch.arange(len(order)) + 0.5) / len(order)
    wished = (width * VISITS * count**0.5 / share).ceil().clamp(max=count).long()
    parts = (wished.cumsum(0) * BYTES_A_VISIT) // max(memory, 1)
    _, lengths = torch.unique_consecutive(parts, return_counts=True)
    for places in torch.arange(len(order)).split(lengths.tolist()):
        queries = cells.rows[order[places]]
        asking, visited = [], []
        for block, wish in zip(queries.split(BLOCK), wished[places].split(BLOCK), strict=True):
            most = int(wish.max())
            nearest = (table[block] @ cells.centres.T).topk(most, dim=1).indices
            chosen = torch.arange(most) < wish[:, None]
            asking.append(block.repeat_interleave(wish))
            visited.append(nearest[chosen])
        yield queries, torch.cat(asking), torch.cat(visited)


Scored = tuple[Tensor, Tensor, Tensor]
"""Queries, their neighbours (int64) and the similarities (float32), `[n]` each."""


class _Scan:
    """Looks into cells. threshold: the similarity that a row must reach to be a query's neighbour, `[P]`.

    Everything is computed in the same few buffers: fresh memory for each product costs more than the product.
    """

    def __init__(
        self,
        table: Float[Tensor, "P D"],
        cells: Cells,
        exclusion: Exclusion,
        threshold: Float[Tensor, " P"],
        memory: int,
    ) -> None:
        self.table, self.cells, self.threshold = table, cells, threshold
        self.sketches = sketches(table)
        self.begins, self.ends = torch.from_numpy(exclusion.begins), torch.from_numpy(exclusion.ends)
        self.most = max(1, int(cells.members.lengths.max()))
        # A pair of a query and a member takes a score (4 bytes) and a mark (1), a query its sketch.
        self.block = max(1, min(BLOCK, memory // (5 * self.most + 4 * self.sketches.shape[1])))
        self.rows = torch.empty(self.block, self.sketches.shape[1])
        self.scores = torch.empty(self.block * self.most)
        self.marks = torch.empty(self.block * self.most, dtype=torch.bool)
        self.left, self.right = torch.empty(PAIRS, table.shape[1]), torch.empty(PAIRS, table.shape[1])

    def look(self, asking: Int[Tensor, " V"], visited: Int[Tensor, " V"]) -> Iterator[Scored]:
        """What the queries `asking` find in the cells that they visit."""
        order = torch.argsort(visited, stable=True)
        numbers, counts = torch.unique_consecutive(visited[order], return_counts=True)
        for cell, queries in zip(numbers.tolist(), asking[order].split(counts.tolist()), strict=True):
            members = torch.from_numpy(self.cells.members[cell]).long()
            if len(members):
                among = self.sketches[members].T
                for part in queries.split(self.block):
                    yield from self._exactly(*self._candidates(part, members, among))

    def _candidates(
        self, queries: Int[Tensor, " Q"], members: Int[Tensor, " M"], among: Float[Tensor, "S M"]
    ) -> tuple[Int[Tensor, " n"], Int[Tensor, " n"]]:
        """Pairs of a query and a member whose sketches say that they may be neighbours."""
        count = len(queries) * len(members)
        rows = torch.index_select(self.sketches, 0, queries, out=self.rows[: len(queries)])
        scores = torch.mm(rows, among, out=self.scores[:count].view(len(queries), len(members)))
        marks = self.marks[:count].view(len(queries), len(members))
        torch.ge(scores, self.threshold[queries][:, None], out=marks)
        # NumPy finds the marks four times as fast as PyTorch.
        places = torch.from_numpy(np.flatnonzero(marks.numpy()))
        left = queries[torch.div(places, len(members), rounding_mode="floor")]
        right = members[places % len(members)]
        allowed = (right < self.begins[left]) | (right >= self.ends[left])
        return left[allowed], right[allowed]

    def _exactly(self, left: Int[Tensor, " n"], right: Int[Tensor, " n"]) -> Iterator[Scored]:
        """Those of the pairs whose true similarity reaches the threshold."""
        for some, others in zip(left.split(PAIRS), right.split(PAIRS), strict=True):
            product = torch.index_select(self.table, 0, some, out=self.left[: len(some)])
            product *= torch.index_select(self.table, 0, others, out=self.right[: len(some)])
            scores = product.sum(dim=1)
            good = scores >= self.threshold[some]
            yield some[good], others[good], scores[good]


def _best(queries: Int[Tensor, " Q"], found: list[Scored], k: int, count: int) -> NDArray[np.int32]:
    """The k best of what was found for each query, best first, -1 where there are fewer, int32 `[Q, k]`."""
    left, right, scores = (torch.cat(part).numpy() for part in zip(*found, strict=True))
    # A row may be found in the first cells and again in a visit: one of the two counts.
    _, kept = np.unique(left * count + right, return_index=True)
    left, right, scores = left[kept], right[kept], scores[kept]
    order = np.lexsort((right, -scores, left))
    left, right = left[order], right[order]
    rank = np.arange(len(left)) - np.searchsorted(left, left)
    places = np.empty(count, dtype=np.int64)
    places[queries.numpy()] = np.arange(len(queries))
    result = np.full((len(queries), k), -1, dtype=np.int32)
    result[places[left[rank < k]], rank[rank < k]] = right[rank < k]
    return result
