"""EASE: the linear autoencoder that has a closed form (Steck, WWW 2019, arXiv 1905.03375)."""

from typing import Annotated

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from pydantic import Field
from scipy.linalg import lapack
from torch import Tensor

from sracl.datasets.sequences import Sequences
from sracl.datasets.sparse import incidence
from sracl.errors import InputError, SraclError
from sracl.evaluation.baselines.base import Baseline, BaselineData

MIB = 2**20
TILE = 1024
"""Rows and columns that are mirrored at a time."""


class EASE(Baseline):
    """Scores by X B, where B, with a diagonal of zeros, reproduces the users' sets of items best.

    B minimises |X - X B|^2 + regularization |B|^2 (equation 1): with P = (X^T X + regularization I)^-1,
    B_ij = -P_ij / P_jj off the diagonal (equation 8). X holds 1 where a user had an item; order does not count.

    Memory: one dense matrix, 4 N^2 bytes, kept; time: N^3 multiplications and additions. Raises InputError where that
    is more than `memory_mb`, before anything is made.
    """

    def __init__(
        self,
        data: BaselineData,
        regularization: Annotated[float, Field(gt=0, description="lambda, on the diagonal of X^T X")] = 100.0,
        memory_mb: Annotated[int, Field(ge=1, description="refuse a matrix of more MiB, 4 N^2 bytes")] = 4096,
    ) -> None:
        self.item_count = data.item_count
        needed = 4 * data.item_count**2 / MIB
        if needed > memory_mb:
            raise InputError(
                f"EASE over {data.item_count:,} items needs a dense matrix of {needed:,.0f} MiB, "
                f"more than its memory_mb of {memory_mb:,};\n"
                "take it out of evaluation.baselines, or write {name: ease, memory_mb: ...} there"
            )
        had = incidence(data.training, data.item_count)
        gram = (had.T @ had).toarray(order="F")
        gram[np.diag_indices_from(gram)] += np.float32(regularization)
        self.weights = _weights(gram)

    def score(self, histories: Sequences, users: NDArray[np.int64]) -> Float[Tensor, "B N"]:
        """Sums of the weights of the history's items, each item once."""
        return torch.from_numpy(incidence(histories, self.item_count) @ self.weights)


def _weights(gram: NDArray[np.float32]) -> NDArray[np.float32]:
    """B of a regularised Gram matrix in Fortran order, in its place, as an array in C order."""
    factor, failed = lapack.spotrf(gram, lower=True, clean=False, overwrite_a=True)
    if not failed:
        inverse, failed = lapack.spotri(factor, lower=True, overwrite_c=True)
    if failed:
        raise SraclError("EASE's matrix cannot be inverted in single precision; raise its regularization")
    # LAPACK has filled the lower triangle of a Fortran-ordered matrix: in C order, the upper one of the transpose.
    weights: NDArray[np.float32] = inverse.T
    for begin in range(0, len(weights), TILE):
        end = begin + TILE
        corner = weights[begin:end, begin:end]
        corner[:] = np.triu(corner) + np.triu(corner, 1).T
        weights[end:, begin:end] = weights[begin:end, end:].T
    weights /= -weights.diagonal().copy()
    np.fill_diagonal(weights, 0.0)
    return weights
