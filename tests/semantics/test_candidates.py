"""The best candidates are the same however they come, and never more are held than twice what is kept."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sracl.semantics.candidates import Candidates


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 8), st.integers(1, 6), st.integers(1, 40), st.integers(0, 2**31))
def test_the_best_of_each_query_are_kept_whatever_the_portions(queries: int, kept: int, others: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    least = torch.full((queries,), -100.0)
    found = Candidates(least.clone(), kept)
    scores = random.integers(-100, 100, (queries, others))
    pairs = random.permutation(queries * others)
    for part in np.array_split(pairs, random.integers(1, 12)):
        left, right = part // others, part % others
        worthy = scores[left, right] >= found.least.numpy()[left]
        found.add(left[worthy], right[worthy], scores[left, right][worthy])
        assert found._held <= 2 * kept * queries
    best = found.best()
    for query in range(queries):
        some = best[query][best[query] >= 0]
        assert len(some) == min(kept, others)
        assert sorted(scores[query, some]) == sorted(scores[query])[-len(some) :]
        assert (best[query][len(some) :] == -1).all()


def test_equal_candidates_are_kept_in_the_order_of_their_coming() -> None:
    found = Candidates(torch.full((1,), -1.0), 3)
    for number in (5, 2, 9, 7, 1, 8, 3, 4):
        found.add(np.zeros(1, np.int64), np.array([number]), np.zeros(1, np.int64))
    assert found.best().tolist() == [[5, 2, 9]]


def test_nothing_found_is_told_by_minus_one() -> None:
    assert Candidates(torch.zeros(2), 3).best().tolist() == [[-1] * 3] * 2
