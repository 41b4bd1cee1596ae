"""The metrics of ranks agree with ranx on the same rankings."""

import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sracl.evaluation.metrics import METRICS, metrics_at
from sracl.evaluation.ranking import ranks_of_targets

NOTHING_SEEN = (torch.empty(0, dtype=torch.long), torch.empty(0, dtype=torch.long))


@pytest.fixture(scope="module")
def ranx():
    # ranx compiles with numba and brings packages along that warn about themselves when they are imported.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import ranx

        yield ranx


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_metrics_equal_ranx(ranx, seed: int) -> None:
    """Scores are distinct: ranx leaves the order of ties open, and ours is tested in test_ranking.py."""
    random = np.random.default_rng(seed)
    users, items = 6, 30
    scores = torch.from_numpy(random.permuted(np.tile(np.arange(items, dtype=np.float32), (users, 1)), axis=1))
    targets = torch.from_numpy(random.integers(0, items, users))
    ranks = ranks_of_targets(scores, targets, NOTHING_SEEN).kept
    ours = metrics_at(ranks, (5, 10, 20))
    relevant = ranx.Qrels({f"u{u}": {f"i{targets[u]}": 1} for u in range(users)})
    run = ranx.Run({f"u{u}": {f"i{i}": float(scores[u, i]) for i in range(items)} for u in range(users)})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = ranx.evaluate(relevant, run, [f"{m}@{k}" for m in ("hit_rate", "ndcg", "mrr") for k in (5, 10, 20)])
    for name, theirs_name in (("HR", "hit_rate"), ("NDCG", "ndcg"), ("MRR", "mrr")):
        for cutoff in (5, 10, 20):
            assert ours[f"{name}@{cutoff}"] == pytest.approx(theirs[f"{theirs_name}@{cutoff}"], abs=1e-9)


@pytest.mark.parametrize(
    ("rank", "cutoff", "expected"),
    [
        (1, 5, {"HR": 1.0, "NDCG": 1.0, "MRR": 1.0}),
        (3, 5, {"HR": 1.0, "NDCG": 0.5, "MRR": 1 / 3}),
        (5, 5, {"HR": 1.0, "NDCG": 1 / np.log2(6), "MRR": 0.2}),
        (6, 5, {"HR": 0.0, "NDCG": 0.0, "MRR": 0.0}),
    ],
)
def test_metrics_by_hand(rank: int, cutoff: int, expected: dict[str, float]) -> None:
    for name, metric in METRICS.items():
        assert float(metric(torch.tensor([rank]), cutoff)[0]) == pytest.approx(expected[name])


def test_names_come_by_cutoff_and_then_by_metric() -> None:
    assert list(metrics_at(torch.tensor([1]), (5, 10))) == ["HR@5", "NDCG@5", "MRR@5", "HR@10", "NDCG@10", "MRR@10"]
