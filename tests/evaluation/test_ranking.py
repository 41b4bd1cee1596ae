"""Ranks by counting and the best k without sorting equal a stable sort, ties and exclusions included."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sracl.errors import SraclError
from sracl.evaluation.ranking import ranks_of_targets, top_k

CASES = st.tuples(st.integers(1, 5), st.integers(1, 25), st.integers(1, 8), st.integers(0, 100_000))


def drawn(case):
    """Scores with many ties, targets, and a few seen cells, some of them twice."""
    users, items, levels, seed = case
    random = np.random.default_rng(seed)
    scores = random.integers(0, levels, (users, items)).astype(np.float32)
    seen = [random.integers(0, items, random.integers(0, items + 1)) for _ in range(users)]
    rows = np.repeat(np.arange(users), [len(s) for s in seen])
    cells = (torch.from_numpy(rows), torch.from_numpy(np.concatenate(seen)))
    return scores, random.integers(0, items, users), seen, cells


@settings(max_examples=200, deadline=None)
@given(CASES)
def test_ranks_equal_those_of_a_stable_sort(case) -> None:
    scores, targets, seen, cells = drawn(case)
    ranks = ranks_of_targets(torch.from_numpy(scores), torch.from_numpy(targets), cells)
    for user, target in enumerate(targets):
        order = np.argsort(-scores[user], kind="stable").tolist()
        assert ranks.kept[user] == order.index(target) + 1
        left = [item for item in order if item == target or item not in set(seen[user].tolist())]
        assert ranks.unseen[user] == left.index(target) + 1


@settings(max_examples=200, deadline=None)
@given(CASES, st.integers(1, 25))
def test_the_best_k_equal_those_of_a_stable_sort(case, k: int) -> None:
    scores, _, seen, cells = drawn(case)
    k = min(k, scores.shape[1])
    items, best = top_k(torch.from_numpy(scores), k, cells)
    everything, _ = top_k(torch.from_numpy(scores), k)
    for user in range(len(scores)):
        order = np.argsort(-scores[user], kind="stable").tolist()
        assert everything[user].tolist() == order[:k]
        left = [item for item in order if item not in set(seen[user].tolist())][:k]
        assert items[user].tolist() == left + [-1] * (k - len(left))
        assert best[user, : len(left)].tolist() == scores[user, left].tolist()


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_scores_that_are_not_finite_are_refused(bad: float) -> None:
    scores = torch.tensor([[1.0, bad, 0.0]])
    nothing = (torch.empty(0, dtype=torch.long), torch.empty(0, dtype=torch.long))
    with pytest.raises(SraclError, match="NaN or infinite"):
        ranks_of_targets(scores, torch.tensor([0]), nothing)
    with pytest.raises(SraclError, match="NaN or infinite"):
        top_k(scores, 2)


def test_the_scores_given_are_left_as_they_were() -> None:
    scores = torch.tensor([[1.0, 2.0, 3.0]])
    top_k(scores, 2, (torch.tensor([0]), torch.tensor([2])))
    assert scores.tolist() == [[1.0, 2.0, 3.0]]
