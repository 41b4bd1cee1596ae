"""Exact nearest neighbours by cosine, in blocks that fit a stated budget of memory."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int, Shaped
from numpy.typing import NDArray
from torch import Tensor

from sracl.datasets.sequences import ranges
from sracl.engines import LOCAL, Engine
from sracl.errors import InputError
from sracl.mapped import let_go
from sracl.products import fastest_float32
from sracl.semantics.devices import gpu_or_processor

CHUNK = 128
"""Candidates whose best score stands for all of them while the k best are looked for."""
COPIED_ROWS = 16_384
"""Rows of embeddings copied and checked at a time."""
SCORES_COPIES = 2
"""Memory of the scores, in their sizes, that a search takes on a GPU: themselves and what is looked through."""
DEFAULT_MEMORY = 256 * 2**20


@dataclass(frozen=True)
class Exclusion:
    """Candidates that may not be a query's neighbours: the range `[begins[q], ends[q])` of numbers, `[P]` each."""

    begins: NDArray[np.int64]
    ends: NDArray[np.int64]

    @classmethod
    def itself(cls, count: int) -> "Exclusion":
        """Every query is taken out of its own neighbours by its number, whatever has an equal text."""
        numbers = np.arange(count, dtype=np.int64)
        return cls(numbers, numbers + 1)

    @classmethod
    def same_owner(cls, offsets: NDArray[np.int64]) -> "Exclusion":
        """All candidates of the query's owner, who has the numbers `offsets[u] ... offsets[u + 1] - 1`."""
        lengths = np.diff(offsets)
        return cls(np.repeat(offsets[:-1], lengths), np.repeat(offsets[1:], lengths))


def nearest(
    embeddings: NDArray[np.float32],
    k: int,
    exclusion: Exclusion,
    memory: int = DEFAULT_MEMORY,
    on_progress: Callable[[int], None] = lambda queries: None,
    queries: NDArray[np.int64] | None = None,
    engine: Engine = LOCAL,
) -> NDArray[np.int32]:
    """The k most similar rows of every row of `embeddings` `[P, D]` (unit vectors), best first, int32 `[P, k]`.

    A row of zeros (nothing to embed) is nobody's neighbour and has none: -1 fills what is missing. `memory` bounds
    the scores that a worker of `engine` holds at a time, in bytes. `queries` `[Q]` names the rows whose neighbours are
    wanted, all unless given; then the result is `[Q, k]`. Costs `2 Q P D` FLOP, on a GPU where there is one with room.
    Raises InputError for NaN or infinite embeddings.
    """
    width = -(-len(embeddings) // CHUNK) * CHUNK
    table = finite_table(embeddings, width).numpy()
    asked = np.arange(len(embeddings)) if queries is None else queries
    block = max(1, min(len(asked), memory // (4 * max(1, width))))
    pool = SearchPool(table, exclusion, asked, k, block)
    result = np.full((len(asked), k), -1, dtype=np.int32)
    blocks = [range(begin, min(begin + block, len(asked))) for begin in range(0, len(asked), block)]
    for places, best in engine.map_blocks(ExactSearch, pool, blocks):
        result[places.start : places.stop, : best.shape[1]] = best
        on_progress(len(places))
    return result


@dataclass(frozen=True)
class SearchPool:
    """What all blocks of queries are searched in, and how.

    table: float32 `[W, D]`, W a multiple of CHUNK, zeros below the embeddings. queries: numbers of rows, int64 `[Q]`.
    block: queries at a time, at most.
    """

    table: NDArray[np.float32]
    exclusion: Exclusion
    queries: NDArray[np.int64]
    k: int
    block: int


class ExactSearch:
    """Searches blocks of a pool's queries, one after another in the same memory."""

    def __init__(self, pool: SearchPool) -> None:
        self.pool = pool
        device = search_device(pool.table.nbytes, 4 * pool.block * len(pool.table))
        self.table = as_tensor(pool.table).to(device)
        self.never = torch.nonzero(~self.table.any(dim=1)).squeeze(1)
        self.buffer = torch.empty(pool.block, len(self.table), device=device)

    def __call__(self, places: range) -> NDArray[np.int32]:
        """Neighbours of the queries `pool.queries[places]` `[B]`, int32 `[B, at most k]`."""
        part, exclusion = self.pool.queries[places.start : places.stop], self.pool.exclusion
        numbers = torch.from_numpy(part).to(self.table.device)
        with fastest_float32():
            scores = torch.mm(self.table[numbers], self.table.T, out=self.buffer[: len(part)])
        scores[:, self.never] = float("-inf")
        exclude(scores, exclusion.begins[part], exclusion.ends[part])
        best, _ = best_columns(scores, self.pool.k)
        best[torch.isin(numbers, self.never)] = -1
        return best.cpu().numpy().astype(np.int32)


def search_device(table: int, scores: int) -> torch.device:
    """Where a table is searched exactly, given its bytes and those of the scores that are held at a time."""
    return gpu_or_processor(table + SCORES_COPIES * scores)


def as_tensor(array: NDArray[np.float32]) -> Tensor:
    """The array's memory as a tensor, to be read only."""
    with warnings.catch_warnings():
        # What a worker shares with others cannot be written, of which PyTorch warns.
        warnings.filterwarnings("ignore", "The given NumPy array is not writable", UserWarning)
        return torch.from_numpy(array)


def finite_table(embeddings: NDArray[np.float32], rows: int) -> Float[Tensor, "R D"]:
    """A copy of `embeddings` with zeros below, float32 `[rows, D]`. Raises InputError for NaN or infinite values."""
    table = torch.zeros(rows, embeddings.shape[1])
    for begin in range(0, len(embeddings), COPIED_ROWS):
        block = embeddings[begin : begin + COPIED_ROWS]
        if not np.isfinite(block).all():
            raise InputError("the embeddings hold NaN or infinite values; embed the texts again")
        table.numpy()[begin : begin + len(block)] = block
    let_go(embeddings)
    return table


def exclude(
    scores: Shaped[Tensor, "B W"], begins: NDArray[np.int64], ends: NDArray[np.int64], never: float = float("-inf")
) -> None:
    """Set the scores of the columns `begins[b] ... ends[b] - 1` of every row b to `never`."""
    lengths = ends - begins
    rows, columns = np.repeat(np.arange(len(lengths)), lengths), ranges(begins, lengths)
    device = scores.device
    scores[torch.from_numpy(rows).to(device), torch.from_numpy(columns).to(device)] = never


def best_columns(scores: Float[Tensor, "B W"], k: int) -> tuple[Int[Tensor, "B K"], Float[Tensor, "B K"]]:
    """Columns of the highest scores of every row, at most k, and these scores; best first.

    The column is -1 where the score is minus infinity. The number of columns must be a multiple of CHUNK: the k best
    stand in the k chunks of the highest maxima, so only these are searched, and the scores are passed over once.
    """
    chunks = scores.view(len(scores), -1, CHUNK)
    candidates = chunks.amax(dim=2).topk(min(k, chunks.shape[1]), dim=1).indices
    inside = chunks.gather(1, candidates[:, :, None].expand(-1, -1, CHUNK)).flatten(1)
    best, place = inside.topk(min(k, inside.shape[1]), dim=1)
    columns = candidates.gather(1, place // CHUNK) * CHUNK + place % CHUNK
    return columns.masked_fill_(best == float("-inf"), -1), best
