"""Random order, popularity, repeat-last and text similarity give the orders that their names promise."""

import numpy as np
import pytest

from evaluation.baselines.contract import ITEMS, BaselineContract, CountingContract, data_of, scores_of
from evaluation.baselines.plain import counts_of, order_of
from sracl.errors import InputError
from sracl.evaluation.baselines import BaselineData, Popularity, RandomOrder, RepeatLast, TextSimilarity
from support.lists import flat

TRAINING = flat([[2, 1, 2], [2, 1]])
SMALL = BaselineData(TRAINING, 5)


class TestRandomOrder(BaselineContract):
    def make(self, data: BaselineData) -> RandomOrder:
        return RandomOrder(data, seed=3)

    def test_every_item_is_as_likely_to_come_first(self) -> None:
        users = np.arange(6000)
        first = RandomOrder(BaselineData(TRAINING, ITEMS)).score(flat([[0]] * len(users)), users).argmax(dim=1)
        expected = len(users) / ITEMS
        deviations = (np.bincount(first.numpy(), minlength=ITEMS) - expected) / np.sqrt(expected)
        assert np.abs(deviations).max() < 4

    def test_users_and_seeds_have_orders_of_their_own(self) -> None:
        same, other = (RandomOrder(data_of(), seed=seed) for seed in (0, 1))
        scores = scores_of(same, [[0], [0]])
        assert order_of(scores[0]) != order_of(scores[1])
        assert order_of(scores_of(other, [[0]])[0]) != order_of(scores[0])


class TestPopularity(CountingContract):
    def make(self, data: BaselineData) -> Popularity:
        return Popularity(data)

    def test_items_stand_by_their_training_interactions(self) -> None:
        for row in scores_of(Popularity(SMALL), [[0, 3, 0], [1]]):
            assert order_of(row) == [2, 1, 0, 3, 4]
        data = data_of()
        counts = counts_of(data.training)
        assert scores_of(Popularity(data), [[0]])[0].tolist() == [counts[item] for item in range(ITEMS)]

    def test_shares_keep_the_order_and_stay_below_one(self) -> None:
        assert Popularity(SMALL).shares.tolist() == pytest.approx([0, 0.5, 0.75, 0, 0])


class TestRepeatLast(CountingContract):
    def make(self, data: BaselineData) -> RepeatLast:
        return RepeatLast(data)

    def test_it_goes_back_through_the_history_and_then_by_popularity(self) -> None:
        scores = scores_of(RepeatLast(SMALL), [[0, 3, 0], [1]])
        assert [order_of(row) for row in scores] == [[0, 3, 2, 1, 4], [1, 2, 0, 3, 4]]


class TestTextSimilarity(CountingContract):
    def make(self, data: BaselineData) -> TextSimilarity:
        return TextSimilarity(data)

    def test_scores_are_cosines_with_the_last_item(self) -> None:
        data = data_of()
        scores = scores_of(TextSimilarity(data), [[3, 1], [10]])
        assert scores[0] == pytest.approx([float(data.texts[1] @ vector) for vector in data.texts], abs=1e-6)
        assert scores[0].argmax() == 1
        assert not scores[1].any()

    def test_without_texts_it_cannot_be_made(self) -> None:
        with pytest.raises(InputError, match="there are none; give dataset"):
            TextSimilarity(SMALL)
