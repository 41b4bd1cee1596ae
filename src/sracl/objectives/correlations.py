"""The item most correlated with each: by co-occurrence in histories, by learned vectors, or the surer of both."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy import sparse
from torch import Tensor

from sracl.datasets.sequences import Sequences

PRODUCTS_HELD = 1 << 24
"""Bound on the correlations of a block of items that are held at a time, if every item occurred with every other."""


@dataclass(frozen=True)
class Partners:
    """The best partner of every item.

    items: `[N]`, int64, -1 where an item has none. scores: `[N]`, float32, how strongly they are correlated, scaled so
    that of all correlations the least is 0 and the greatest 1; -1 for no partner.
    """

    items: Int[Tensor, "N"]
    scores: Float[Tensor, "N"]


def by_co_occurrence(histories: Sequences, item_count: int) -> Partners:
    """Item-based collaborative filtering with inverse user frequency (CoSeRec, "memory-based correlation").

    Cor(i, j) = 1 / sqrt(|U_i| |U_j|) x sum over users u with both of 1 / log(1 + |I_u|), where U_i are the users that
    have i and I_u the distinct items of u.
    """
    owners = np.repeat(np.arange(len(histories)), histories.lengths)
    ones = np.ones(len(owners))
    shape = (len(histories), item_count)
    has = sparse.csr_array((ones, (owners, np.asarray(histories.values))), shape=shape)
    has.data[:] = 1.0  # An item that a user has twice counts once.
    of_users = np.asarray(has.sum(axis=1)).ravel()
    of_items = np.asarray(has.sum(axis=0)).ravel()
    frequency = 1 / np.log1p(np.maximum(of_users, 1))
    scale = 1 / np.sqrt(np.maximum(of_items, 1))
    scaled = has.multiply(scale[None, :]).tocsr()
    transposed = scaled.multiply(frequency[:, None]).T.tocsr()
    best, found, lowest = np.full(item_count, -1.0), np.full(item_count, -1, dtype=np.int64), np.inf
    step = max(1, PRODUCTS_HELD // max(1, item_count))
    for begin in range(0, item_count, step):
        block = (transposed[begin : begin + step] @ scaled).tocoo()
        others = block.row + begin != block.col
        row, column, value = block.row[others] + begin, block.col[others], block.data[others]
        # The greatest first, the lowest number first among equals; then the first of each row.
        order = np.lexsort((column, -value, row))
        rows, firsts = np.unique(row[order], return_index=True)
        best[rows], found[rows] = value[order][firsts], column[order][firsts]
        lowest = min(lowest, value.min(initial=np.inf))
    return _scaled(torch.from_numpy(found), torch.from_numpy(best), lowest)


def by_vectors(vectors: Float[Tensor, "N d"]) -> Partners:
    """Cor(i, j) = e_i . e_j of item vectors (CoSeRec, "model-based correlation"); -1 only where N is 1."""
    count = len(vectors)
    if count == 1:
        return Partners(torch.tensor([-1]), torch.tensor([-1.0]))
    vectors = vectors.detach()
    best, found, lowest = [], [], float("inf")
    for begin in range(0, count, step := max(1, PRODUCTS_HELD // count)):
        products = vectors[begin : begin + step] @ vectors.T
        own = torch.arange(len(products), device=vectors.device)
        products[own, own + begin] = float("inf")
        lowest = min(lowest, float(products.min()))
        products[own, own + begin] = float("-inf")
        value, item = products.max(dim=1)
        best.append(value)
        found.append(item)
    return _scaled(torch.cat(found).cpu(), torch.cat(best).cpu().double(), lowest)


def surer(one: Partners, other: Partners) -> Partners:
    """Of each item the partner with the higher score (CoSeRec, "hybrid correlation"); the first's where they agree."""
    first = one.scores >= other.scores
    return Partners(torch.where(first, one.items, other.items), torch.where(first, one.scores, other.scores))


def _scaled(items: Int[Tensor, "N"], scores: Float[Tensor, "N"], lowest: float) -> Partners:
    """Scores from 0 to 1; 1 where all correlations are equal. The greatest of all is among the best of each item."""
    present = items >= 0
    spread = float(scores[present].max()) - lowest if present.any() else 0.0
    scaled = (scores - lowest) / spread if spread > 0 else torch.ones_like(scores)
    return Partners(items, torch.where(present, scaled, -1.0).float())
