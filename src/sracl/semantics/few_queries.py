"""Exact nearest neighbours of a few rows, without a copy of all: what a sample of a large search is held against."""

import numpy as np
import torch
from numpy.typing import NDArray

from sracl.products import fastest_float32
from sracl.semantics.retrieval import CHUNK, DEFAULT_MEMORY, Exclusion, best_columns, exclude, finite_table


def nearest_of_few(
    embeddings: NDArray[np.float32],
    k: int,
    exclusion: Exclusion,
    queries: NDArray[np.int64],
    memory: int = DEFAULT_MEMORY,
) -> NDArray[np.int32]:
    """`retrieval.nearest` of the rows `queries` `[Q]`, int32 `[Q, k]`, among all rows of `embeddings` `[P, D]`.

    All rows are read once, in blocks of about `memory` bytes with their scores, and a memory-mapped file's pages are
    let go: so a file larger than memory can be searched. Raises InputError for NaN or infinite embeddings.
    """
    own = torch.from_numpy(np.array(embeddings[queries], dtype=np.float32))
    best = torch.full((len(queries), k), float("-inf"))
    numbers = torch.full((len(queries), k), -1, dtype=torch.int64)
    chunks = max(1, memory // (4 * CHUNK * (len(queries) + embeddings.shape[1])))
    for begin in range(0, len(embeddings), CHUNK * chunks):
        some = embeddings[begin : begin + CHUNK * chunks]
        rows = finite_table(some, -(-len(some) // CHUNK) * CHUNK)
        with fastest_float32():
            scores = own @ rows.T
        scores[:, ~rows.any(dim=1)] = float("-inf")
        ends = np.clip(exclusion.ends[queries] - begin, 0, len(rows))
        exclude(scores, np.clip(exclusion.begins[queries] - begin, 0, len(rows)), ends)
        columns, found = best_columns(scores, k)
        columns = torch.where(columns >= 0, columns + begin, columns)
        best, places = torch.cat([best, found], dim=1).topk(k, dim=1)
        numbers = torch.cat([numbers, columns], dim=1).gather(1, places)
    numbers[~own.any(dim=1)] = -1
    return numbers.numpy().astype(np.int32)
