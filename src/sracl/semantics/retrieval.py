"""Exact nearest neighbours by cosine, in blocks that fit a stated budget of memory."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor

from sracl.datasets.sequences import ranges
from sracl.errors import InputError

CHUNK = 128
"""Candidates whose best score stands for all of them while the k best are looked for."""
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
) -> NDArray[np.int32]:
    """The k most similar rows of every row of `embeddings` `[P, D]` (unit vectors), best first, int32 `[P, k]`.

    A row of zeros (nothing to embed) is nobody's neighbour and has none: -1 fills what is missing. `memory` bounds
    the scores held at a time, in bytes. `queries` `[Q]` names the rows whose neighbours are wanted, all unless given;
    then the result is `[Q, k]`. Costs `2 Q P D` FLOP. Raises InputError for NaN or infinite embeddings.
    """
    width = -(-len(embeddings) // CHUNK) * CHUNK
    table = finite_table(embeddings, width)
    never = torch.nonzero(~table.any(dim=1)).squeeze(1)
    asked = np.arange(len(embeddings)) if queries is None else queries
    result = np.full((len(asked), k), -1, dtype=np.int32)
    block = max(1, min(len(asked), memory // (4 * max(1, width))))
    buffer = torch.empty(block, width)
    for begin in range(0, len(asked), block):
        part = asked[begin : begin + block]
        scores = torch.mm(table[torch.from_numpy(part)], table.T, out=buffer[: len(part)])
        scores[:, never] = float("-inf")
        exclude(scores, exclusion.begins[part], exclusion.ends[part])
        best, _ = best_columns(scores, k)
        result[begin : begin + block, : best.shape[1]] = best.numpy()
        on_progress(len(part))
    result[np.isin(asked, never.numpy())] = -1
    return result


def finite_table(embeddings: NDArray[np.float32], rows: int) -> Float[Tensor, "R D"]:
    """A copy of `embeddings` with zeros below, float32 `[rows, D]`. Raises InputError for NaN or infinite values."""
    table = torch.zeros(rows, embeddings.shape[1])
    table.numpy()[: len(embeddings)] = embeddings
    if not torch.isfinite(table).all():
        raise InputError("the embeddings hold NaN or infinite values; embed the texts again")
    return table


def exclude(scores: Float[Tensor, "B W"], begins: NDArray[np.int64], ends: NDArray[np.int64]) -> None:
    """Set the scores of the columns `begins[b] ... ends[b] - 1` of every row b to minus infinity."""
    lengths = ends - begins
    rows = np.repeat(np.arange(len(lengths)), lengths)
    scores[torch.from_numpy(rows), torch.from_numpy(ranges(begins, lengths))] = float("-inf")


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
