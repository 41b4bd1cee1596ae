"""Embeddings of texts as a model takes them: centred, whitened on demand, of a common size, or reduced."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sracl.errors import SraclError

ROWS_A_BLOCK = 65_536
ROUNDING = 1e-10
"""Of the squared length of a mean: what variance equal rows may seem to have."""
SMALLEST_SHARE = 1e-6
"""Directions with less than this share of the largest variance hold nothing but rounding."""


@dataclass(frozen=True)
class Spread:
    """How the embeddings of texts lie: `mean` float64 `[D]`, and their variances along orthogonal directions.

    variances: float64 `[r]`, falling, all above 0; directions: float64 `[D, r]`, orthonormal columns, each with its
    largest entry positive, so that they do not depend on the library that found them.
    """

    mean: NDArray[np.float64]
    variances: NDArray[np.float64]
    directions: NDArray[np.float64]

    @classmethod
    def of(cls, texts: NDArray[np.float32]) -> "Spread":
        """The spread of the rows that are not zero. Raises SraclError where they are all the same."""
        described = has_text(texts)
        mean = np.asarray(texts.sum(axis=0, dtype=np.float64)) / described.sum()
        products = np.zeros((texts.shape[1], texts.shape[1]))
        for begin in range(0, len(texts), ROWS_A_BLOCK):
            block = slice(begin, begin + ROWS_A_BLOCK)
            centred = texts[block][described[block]] - mean
            products += centred.T @ centred
        variances, directions = np.linalg.eigh(products / described.sum())
        variances, directions = variances[::-1], directions[:, ::-1]
        if variances[0] <= ROUNDING * (mean @ mean):
            raise SraclError("the items' texts all have one embedding, so that no item vectors can be made of them")
        kept = variances > SMALLEST_SHARE * variances[0]
        variances, directions = variances[kept], directions[:, kept]
        signs = np.sign(directions[np.abs(directions).argmax(axis=0), np.arange(len(variances))])
        return cls(mean, variances, directions * signs)


def has_text(texts: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which rows are the embedding of a text, `[N]`; the others are zeros."""
    described: NDArray[np.bool_] = np.any(texts, axis=1)
    return described


def frozen_texts(texts: NDArray[np.float32], whitening: bool) -> NDArray[np.float32]:
    """The embeddings about their mean, of a mean squared norm of 1; items without a text stay zeros, float32 `[N, D]`.

    whitening: x U diag(variances^-1/2) U^T first, so that directions count alike (ZCA: WhitenRec, Zhang et al., ICDE
    2024): raw embeddings of texts all point into much the same direction.
    """
    spread = Spread.of(texts)
    basis = np.eye(texts.shape[1])
    if whitening:
        basis = (spread.directions / np.sqrt(spread.variances)) @ spread.directions.T
    placed = _placed(texts, spread.mean, basis)
    placed /= np.sqrt(np.square(placed).sum() / has_text(texts).sum())
    return placed


def principal_components(texts: NDArray[np.float32], count: int, whitening: bool) -> NDArray[np.float32]:
    """Coordinates along the directions of largest variance, `count` or as many as there are, float32 `[N, <= count]`.

    whitening: each divided by its deviation. Items without a text have zeros.
    """
    spread = Spread.of(texts)
    basis = spread.directions[:, :count]
    if whitening:
        basis = basis / np.sqrt(spread.variances[:count])
    return _placed(texts, spread.mean, basis)


def _placed(texts: NDArray[np.float32], mean: NDArray[np.float64], basis: NDArray[np.float64]) -> NDArray[np.float32]:
    """(x - mean) basis of every row that is not zero."""
    placed = np.empty((len(texts), basis.shape[1]), dtype=np.float32)
    for begin in range(0, len(texts), ROWS_A_BLOCK):
        block = slice(begin, begin + ROWS_A_BLOCK)
        placed[block] = (texts[block] - mean) @ basis
    placed[~has_text(texts)] = 0.0
    return placed
