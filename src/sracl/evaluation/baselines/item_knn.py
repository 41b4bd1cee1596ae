"""Item-kNN: items that the same users had (Sarwar et al., WWW 2001; Deshpande and Karypis, TOIS 2004)."""

from typing import Annotated

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from pydantic import Field
from scipy.sparse import csr_array, vstack
from torch import Tensor

from sracl.datasets.sequences import Sequences
from sracl.datasets.sparse import ages, incidence, places_in_rows, row_blocks, weighted
from sracl.evaluation.baselines.base import Baseline, BaselineData
from sracl.evaluation.baselines.popularity import Popularity


class ItemKNN(Baseline):
    """Scores an item by the sum of its similarities to the items of the history, then all others by popularity.

    The similarity of two items is the cosine of the sets of users who had them, shrunk where few did:
    c_ij / (sqrt(c_i c_j) + shrinkage), with c_ij the users who had both. Of every item of the history its `neighbors`
    most similar items count. An interaction that t others followed weighs recency^t: 1 is the classical method, less
    lets the recent ones count for more.

    Memory: 8 bytes for each of at most N x `neighbors` similarities.
    """

    def __init__(
        self,
        data: BaselineData,
        neighbors: Annotated[int, Field(ge=1, description="items that count for an item of the history")] = 100,
        shrinkage: Annotated[float, Field(ge=0, description="added to the cosine's denominator")] = 10.0,
        recency: Annotated[
            float, Field(gt=0, le=1, description="factor of an interaction's weight for every later one")
        ] = 1.0,
    ) -> None:
        self.shares = Popularity(data).shares
        self.recency = recency
        self.similarities = _nearest(incidence(data.training, data.item_count), neighbors, shrinkage)

    def score(self, histories: Sequences, users: NDArray[np.int64]) -> Float[Tensor, "B N"]:
        """Weighted sums of similarities, above 0; items that are similar to none get less than 0."""
        weights = (self.recency ** ages(histories)).astype(np.float32)
        summed = weighted(histories, weights, len(self.shares)) @ self.similarities
        scores = torch.from_numpy(summed.toarray())
        return torch.where(scores > 0, scores, self.shares - 1.0)


def _nearest(had: csr_array, neighbors: int, shrinkage: float) -> csr_array:
    """Similarities of every item (row) to its most similar items (columns), float32 `[N, N]`."""
    norms = np.sqrt(np.bincount(had.indices, minlength=had.shape[1]))
    found = []
    begin = 0
    for together in row_blocks(had.T.tocsr(), had):
        together.sort_indices()
        rows = np.repeat(np.arange(together.shape[0]), np.diff(together.indptr))
        others = rows + begin != together.indices
        rows, columns, counts = rows[others], together.indices[others], together.data[others]
        values = (counts / (norms[rows + begin] * norms[columns] + shrinkage)).astype(np.float32)
        kept = places_in_rows(rows, values) < neighbors
        found.append(csr_array((values[kept], (rows[kept], columns[kept])), shape=together.shape))
        begin += together.shape[0]
    return vstack(found, format="csr")
