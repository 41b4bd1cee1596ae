"""Means of metrics with their intervals, by one bootstrap over users for all of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sracl.datasets.sequences import Int64
from sracl.evaluation.significance import percentile_interval, resampled_means

Float64 = NDArray[np.float64]


@dataclass(frozen=True)
class Estimates:
    """Means of columns of values and what resampling made of them: the same users in a row for all columns.

    mean: `[columns]`; resampled: `[resamples, columns]`; users: totals and numbers of each user's targets.
    """

    mean: Float64
    resampled: Float64
    sums: Float64
    counts: Float64

    def interval(self, column: int) -> tuple[float, float]:
        """The 95% interval of a column's mean."""
        low, high = percentile_interval(self.resampled[:, column : column + 1])
        return float(low[0]), float(high[0])

    def difference(self, column: int, other: int) -> tuple[float, float, float]:
        """A column's mean less another's, and the interval of that."""
        low, high = percentile_interval(self.resampled[:, [column]] - self.resampled[:, [other]])
        return float(self.mean[column] - self.mean[other]), float(low[0]), float(high[0])

    def of_users(self, column: int) -> Float64:
        """Each user's mean over their targets; users without one are left out."""
        there = self.counts[:, column] > 0
        return np.asarray(self.sums[there, column] / self.counts[there, column])


def estimates(
    users: Int64, columns: Sequence[Float64], members: Sequence[NDArray[np.bool_]] | None = None, seed: int = 0
) -> Estimates:
    """users: of every target, rising, `[n]`. columns: a value for every target, `[n]` each.

    members: for each column which targets it is the mean over; None: all of them.
    """
    owners = np.unique(users, return_inverse=True)[1]
    taken = members if members is not None else [np.ones(len(users), dtype=bool)] * len(columns)
    values = [np.where(some, column, 0.0) for column, some in zip(columns, taken, strict=True)]
    sums: Float64 = np.stack([np.bincount(owners, column) for column in values], axis=1).astype(np.float64)
    counts: Float64 = np.stack([np.bincount(owners, some) for some in taken], axis=1).astype(np.float64)
    return Estimates(
        sums.sum(axis=0) / np.maximum(counts.sum(axis=0), 1), resampled_means(sums, counts, seed=seed), sums, counts
    )
