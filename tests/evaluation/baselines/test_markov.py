"""The Markov chain gives smoothed probabilities of what came next."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.baselines.contract import HISTORIES, ITEMS, CountingContract, data_of, scores_of
from evaluation.baselines.plain import counts_of, order_of, transitions_of
from sracl.evaluation.baselines import BaselineData, Markov, Popularity
from support.lists import flat


class TestMarkov(CountingContract):
    def make(self, data: BaselineData) -> Markov:
        return Markov(data, smoothing=2.0)

    @settings(max_examples=25, deadline=None)
    @given(st.integers(0, 100_000), st.sampled_from([0.01, 1.0, 50.0]))
    def test_scores_equal_the_plain_reading(self, seed: int, smoothing: float) -> None:
        data = data_of(seed)
        counts, pairs = counts_of(data.training), transitions_of(data.training)
        total = sum(counts.values())
        found = scores_of(Markov(data, smoothing), HISTORIES)
        for history, row in zip(HISTORIES, found, strict=True):
            last = history[-1]
            left = sum(count for (item, _), count in pairs.items() if item == last)
            expected = [
                (pairs[last, item] + smoothing * counts[item] / total) / (left + smoothing) for item in range(ITEMS)
            ]
            assert row == pytest.approx(expected, abs=1e-6)

    @settings(max_examples=25, deadline=None)
    @given(st.integers(0, 100_000))
    def test_every_row_is_a_distribution(self, seed: int) -> None:
        scores = scores_of(Markov(data_of(seed)), HISTORIES)
        assert (scores >= 0).all()
        assert scores.sum(axis=1) == pytest.approx(np.ones(len(HISTORIES)), abs=1e-5)

    def test_of_a_history_only_the_last_item_counts(self) -> None:
        scores = scores_of(Markov(data_of()), [[1, 2, 3], [3], [9, 3]])
        assert (scores == scores[0]).all()

    def test_after_an_item_without_successor_popularity_decides(self) -> None:
        data = BaselineData(flat([[0, 1, 1], [0, 2]]), 4)
        popular = order_of(scores_of(Popularity(data), [[3]])[0])
        assert order_of(scores_of(Markov(data), [[3]])[0]) == popular
        assert order_of(scores_of(Markov(data), [[2]])[0]) == popular
