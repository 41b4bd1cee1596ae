"""Exact nearest neighbours by cosine, in blocks that fit a stated budget of memory."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
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
) -> NDArray[np.int32]:
    """The k most similar rows of every row of `embeddings` `[P, D]` (unit vectors), best first, int32 `[P, k]`.

    A row of zeros (nothing to embed) is nobody's neighbour and has none: -1 fills what is missing. `memory` bounds
    the scores held at a time, in bytes. Costs `2 P^2 D` FLOP. Raises InputError for NaN or infinite embeddings.
    """
    count, dimension = embeddings.shape
    width = -(-count // CHUNK) * CHUNK
    table = torch.zeros(width, dimension)
    table.numpy()[:count] = embeddings
    if not torch.isfinite(table).all():
        raise InputError("the embeddings hold NaN or infinite values; embed the texts again")
    never = torch.nonzero(~table.any(dim=1)).squeeze(1)
    result = np.full((count, k), -1, dtype=np.int32)
    block = max(1, min(count, memory // (4 * max(1, width))))
    buffer = torch.empty(block, width)
    for begin in range(0, count, block):
        end = min(begin + block, count)
        scores = torch.mm(table[begin:end], table.T, out=buffer[: end - begin])
        scores[:, never] = float("-inf")
        _exclude(scores, exclusion.begins[begin:end], exclusion.ends[begin:end])
        best = _best(scores, min(k, width))
        result[begin:end, : best.shape[1]] = best
        on_progress(end - begin)
    result[never[never < count].numpy()] = -1
    return result


def _exclude(scores: Float[Tensor, "B W"], begins: NDArray[np.int64], ends: NDArray[np.int64]) -> None:
    lengths = ends - begins
    rows = np.repeat(np.arange(len(lengths)), lengths)
    scores[torch.from_numpy(rows), torch.from_numpy(ranges(begins, lengths))] = float("-inf")


def _best(scores: Float[Tensor, "B W"], k: int) -> NDArray[np.int64]:
    """Columns of the k highest scores of every row, best first, -1 where the score is minus infinity.

    The k best stand in the k chunks of the highest maxima, so only these are searched: one pass over the scores.
    """
    chunks = scores.view(len(scores), -1, CHUNK)
    candidates = chunks.amax(dim=2).topk(min(k, chunks.shape[1]), dim=1).indices
    inside = chunks.gather(1, candidates[:, :, None].expand(-1, -1, CHUNK)).flatten(1)
    best, place = inside.topk(k, dim=1)
    columns = candidates.gather(1, place // CHUNK) * CHUNK + place % CHUNK
    return columns.masked_fill_(best == float("-inf"), -1).numpy()
