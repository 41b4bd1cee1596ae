"""Whether one method is better than another: paired over users and over seeds, an effect with its interval."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Float64 = NDArray[np.float64]

CONFIDENCE = 0.95
RESAMPLES = 2000
RESAMPLED_AT_A_TIME = 50
"""Resamples held at a time: so many times the number of users in memory."""


@dataclass(frozen=True)
class Comparison:
    """A method against a reference, on the same users and seeds.

    mean, reference: each one's metric; effect: their difference; low, high: its interval by a bootstrap over users, at
    95%. p_users: paired t-test over users, each with the mean over seeds; p_seeds: over the seeds' means. None where
    there are fewer than two to test.
    """

    users: int
    seeds: int
    mean: float
    reference: float
    effect: float
    low: float
    high: float
    p_users: float | None
    p_seeds: float | None


def compare(values: Float64, reference: Float64, resamples: int = RESAMPLES, seed: int = 0) -> Comparison:
    """Compare a metric's values of a method and of a reference, `[seeds, users]` each, the same cell being a pair.

    Raises ValueError for arrays of unequal shapes, or without a cell.
    """
    if values.shape != reference.shape or values.ndim != 2 or 0 in values.shape:
        raise ValueError(f"pairs are wanted, but the shapes are {values.shape} and {reference.shape}")
    of_users = (values - reference).mean(axis=0)
    low, high = _interval(of_users, resamples, seed)
    return Comparison(
        users=values.shape[1],
        seeds=values.shape[0],
        mean=float(values.mean()),
        reference=float(reference.mean()),
        effect=float(of_users.mean()),
        low=low,
        high=high,
        p_users=paired_p(of_users),
        p_seeds=paired_p((values - reference).mean(axis=1)),
    )


def resampled_means(sums: Float64, counts: Float64, resamples: int = RESAMPLES, seed: int = 0) -> Float64:
    """Means of many metrics over users drawn with replacement, `[resamples, metrics]`: a bootstrap of all at once.

    The same draw of users stands in a row for all metrics, so that differences of columns are paired. sums: of the
    metrics' values over a user's targets, `[users, metrics]`; counts: of these targets, `[users, metrics]` (0: the user
    is not of the group that the metric is of). A draw without a target of a group gives NaN there.
    """
    generator = np.random.default_rng(seed)
    users = len(sums)
    found = np.empty((resamples, sums.shape[1]))
    both = np.concatenate([sums, counts], axis=1)
    for begin in range(0, resamples, RESAMPLED_AT_A_TIME):
        rows = min(RESAMPLED_AT_A_TIME, resamples - begin)
        draws = generator.integers(users, size=(rows, users)) + users * np.arange(rows)[:, None]
        times = np.bincount(draws.ravel(), minlength=rows * users).reshape(rows, users)
        totals, targets = np.split(times.astype(np.float64) @ both, 2, axis=1)
        found[begin : begin + rows] = np.divide(totals, targets, out=np.full_like(totals, np.nan), where=targets > 0)
    return found


def percentile_interval(means: Float64) -> tuple[Float64, Float64]:
    """Bounds of the 95% interval of resampled means `[resamples, metrics]`, `[metrics]` each; NaN for what has none."""
    outside = 100 * (1 - CONFIDENCE) / 2
    known = ~np.isnan(means).all(axis=0)
    bounds = np.full((2, means.shape[1]), np.nan)
    bounds[:, known] = np.nanpercentile(means[:, known], [outside, 100 - outside], axis=0)
    return bounds[0], bounds[1]


def paired_p(differences: Float64) -> float | None:
    """Two-sided p-value of Student's t-test that the mean of paired differences `[n]` is 0; None for n < 2.

    Differences that are all the same leave nothing to chance: 1 where they are 0, else 0.
    """
    if len(differences) < 2:
        return None
    if np.ptp(differences) == 0:
        return 1.0 if differences[0] == 0 else 0.0
    return float(stats.ttest_1samp(differences, 0.0).pvalue)


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """p-values corrected for being several, by Holm's step-down method; a None is no test and stays (Holm, 1979)."""
    tested = [place for place, p in enumerate(p_values) if p is not None]
    raw = np.array([p for p in p_values if p is not None])
    order = np.argsort(raw, kind="stable")
    # The smallest of m is multiplied by m, the next by m - 1; none may come out below one that is smaller.
    stepped = np.minimum(np.maximum.accumulate(raw[order] * np.arange(len(raw), 0, -1)), 1.0)
    corrected: list[float | None] = [None] * len(p_values)
    for rank, place in enumerate(order):
        corrected[tested[place]] = float(stepped[rank])
    return corrected


def _interval(differences: Float64, resamples: int, seed: int) -> tuple[float, float]:
    """Percentile bootstrap of the mean."""
    if len(differences) < 2 or np.ptp(differences) == 0:
        return float(differences.mean()), float(differences.mean())
    found = stats.bootstrap(
        (differences,),
        np.mean,
        n_resamples=resamples,
        batch=RESAMPLED_AT_A_TIME,
        confidence_level=CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(found.low), float(found.high)
