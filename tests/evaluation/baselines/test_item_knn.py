"""Item-kNN equals its formula read plainly, whatever the blocks."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.baselines.contract import HISTORIES, ITEMS, CountingContract, data_of, scores_of
from evaluation.baselines.plain import counts_of, order_of
from sracl.datasets import sparse
from sracl.evaluation.baselines import BaselineData, ItemKNN
from support.lists import flat, lists_of


def plain_scores(data: BaselineData, history: list[int], neighbors: int, shrinkage: float, recency: float) -> list:
    owners = [set(user) for user in lists_of(data.training)]
    had = [{u for u, items in enumerate(owners) if item in items} for item in range(data.item_count)]
    popular = counts_of(data.training)
    scores = [0.0] * data.item_count
    for age, item in enumerate(reversed(history)):
        similar = {
            other: len(had[item] & had[other]) / (math.sqrt(len(had[item]) * len(had[other])) + shrinkage)
            for other in range(data.item_count)
            if other != item and had[item] & had[other]
        }
        # Rounded, so that what is equal in exact arithmetic is equal here.
        best = sorted(similar, key=lambda other, found=similar: (-np.float32(found[other]), other))[:neighbors]
        for other in best:
            scores[other] += recency**age * similar[other]
    most = max(popular.values()) + 1
    return [score if score > 0 else popular[item] / most - 1 for item, score in enumerate(scores)]


class TestItemKNN(CountingContract):
    def make(self, data: BaselineData) -> ItemKNN:
        # All neighbours: which of several equally similar ones is kept depends on their numbers.
        return ItemKNN(data, neighbors=ITEMS, shrinkage=0.5, recency=0.8)

    @settings(max_examples=25, deadline=None)
    @given(
        st.integers(0, 100_000), st.integers(1, 6), st.sampled_from([0.0, 1.0, 10.0]), st.sampled_from([1.0, 0.9, 0.1])
    )
    def test_scores_equal_the_plain_reading(self, seed: int, neighbors: int, shrinkage: float, recency: float) -> None:
        data = data_of(seed)
        found = scores_of(ItemKNN(data, neighbors, shrinkage, recency), HISTORIES)
        for history, row in zip(HISTORIES, found, strict=True):
            assert row == pytest.approx(plain_scores(data, history, neighbors, shrinkage, recency), abs=1e-5)

    @pytest.mark.parametrize("products", [1, 30])
    def test_blocks_do_not_change_the_similarities(self, monkeypatch, products: int) -> None:
        whole = ItemKNN(data_of(), neighbors=4).similarities.toarray()
        monkeypatch.setattr(sparse, "PRODUCTS_A_BLOCK", products)
        np.testing.assert_array_equal(ItemKNN(data_of(), neighbors=4).similarities.toarray(), whole)

    def test_recency_lets_the_last_item_speak_loudest(self) -> None:
        data = BaselineData(flat([[0, 2], [0, 2], [1, 3]]), 5)
        alike, recent = (order_of(scores_of(ItemKNN(data, recency=r), [[0, 1]])[0]) for r in (1.0, 0.1))
        assert alike[0] == 2
        assert recent[0] == 3

    def test_shrinkage_doubts_what_few_users_had(self) -> None:
        # The only user of 1 had 0 too; so had three of the ten users of 2.
        data = BaselineData(flat([[0, 1], *[[0, 2]] * 3, *[[2]] * 7]), 3)
        trusting, doubting = (order_of(scores_of(ItemKNN(data, shrinkage=s), [[0]])[0]) for s in (0.0, 10.0))
        assert trusting == [1, 2, 0]
        assert doubting == [2, 1, 0]
