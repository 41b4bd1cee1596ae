"""Metrics of the rank of one target a user, a file each. A new one is a file here and a line in `METRICS`."""

from collections.abc import Callable, Sequence

from torch import Tensor

from sracl.evaluation.metrics.hit_rate import hit_rate
from sracl.evaluation.metrics.ndcg import ndcg
from sracl.evaluation.metrics.reciprocal_rank import reciprocal_rank

METRICS: dict[str, Callable[[Tensor, int], Tensor]] = {"HR": hit_rate, "NDCG": ndcg, "MRR": reciprocal_rank}


def metrics_at(ranks: Tensor, cutoffs: Sequence[int]) -> dict[str, float]:
    """Means over users of every metric at every cutoff: `{"HR@5": ..., "NDCG@5": ..., "MRR@5": ..., "HR@10": ...}`.

    ranks: int64 `[B]`, 1 is best, B at least 1.
    """
    return {
        f"{name}@{cutoff}": float(metric(ranks, cutoff).mean())
        for cutoff in cutoffs
        for name, metric in METRICS.items()
    }


__all__ = ["METRICS", "hit_rate", "metrics_at", "ndcg", "reciprocal_rank"]
