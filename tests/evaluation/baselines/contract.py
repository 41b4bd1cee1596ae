"""What every baseline must do. A test of a baseline is a subclass with `make`."""

import dataclasses

import numpy as np
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sracl.datasets.sequences import Sequences
from sracl.datasets.splits import leave_one_out
from sracl.evaluation.baselines import Baseline, BaselineData
from sracl.evaluation.evaluate import Scorer, evaluate
from support.batches import histories_of, unit_vectors
from support.lists import flat

ITEMS = 12
"""Item 11 is never bought in training, and item 10 has no text."""
LENGTHS = [1, 4, 7, 2, 5, 0, 3, 6]


def training_of(seed: int) -> Sequences:
    return histories_of(LENGTHS, ITEMS - 1, seed)


def data_of(seed: int = 0) -> BaselineData:
    embeddings = unit_vectors(ITEMS, 4, seed)
    embeddings[10] = 0.0
    return BaselineData(training_of(seed), ITEMS, embeddings)


def scores_of(baseline: Baseline, histories: list[list[int]]) -> np.ndarray:
    return baseline.score(flat(histories), np.arange(len(histories))).numpy()


# A contract's tests run once a subclass, which hypothesis takes for a mistake.
inherited = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.differing_executors])
HISTORIES = [[0], [3, 1, 3], [11, 2], [11], [5, 6, 7, 8, 9, 10], [4, 4]]
"""Known and unknown items, repeated ones, one and many."""


class BaselineContract:
    """Scores are finite and no matter of the block, and take no more than they say."""

    def make(self, data: BaselineData) -> Baseline:
        """The baseline with settings that use all that it can."""
        raise NotImplementedError

    def test_it_scores_every_item_after_every_history(self) -> None:
        baseline = self.make(data_of())
        assert isinstance(baseline, Scorer)
        scores = baseline.score(flat(HISTORIES), np.arange(len(HISTORIES)))
        assert scores.shape == (len(HISTORIES), ITEMS)
        assert scores.dtype == torch.float32
        assert torch.isfinite(scores).all()

    @inherited
    @given(st.integers(0, 100_000))
    def test_a_history_scores_the_same_in_whatever_block(self, seed: int) -> None:
        baseline = self.make(data_of(seed))
        histories, users = training_of(seed + 1), np.arange(len(LENGTHS))
        asked = users[histories.lengths > 0]
        whole = baseline.score(histories.chosen(asked), asked)
        for row, user in enumerate(asked):
            alone = baseline.score(histories.chosen(asked[row : row + 1]), np.array([user]))
            torch.testing.assert_close(alone[0], whole[row], atol=1e-5, rtol=1e-5)

    def test_a_baseline_made_twice_scores_the_same(self) -> None:
        first, second = (scores_of(self.make(data_of()), HISTORIES) for _ in range(2))
        np.testing.assert_array_equal(first, second)

    def test_what_it_was_made_from_and_what_it_is_asked_stay_as_they_were(self) -> None:
        data, histories = data_of(), flat(HISTORIES)
        self.make(data).score(histories, np.arange(len(HISTORIES)))
        same = data_of()
        np.testing.assert_array_equal(data.training.values, same.training.values)
        np.testing.assert_array_equal(data.texts, same.texts)
        np.testing.assert_array_equal(histories.values, flat(HISTORIES).values)

    def test_it_needs_no_more_than_it_says(self) -> None:
        data = dataclasses.replace(data_of(), item_embeddings=None)
        if not self.make(data_of()).needs_texts:
            assert scores_of(self.make(data), HISTORIES).shape == (len(HISTORIES), ITEMS)

    def test_it_is_evaluated_like_a_model(self) -> None:
        split = leave_one_out(histories_of([5, 8, 4, 6], ITEMS))
        baseline = self.make(BaselineData(split.training, ITEMS, unit_vectors(ITEMS, 4)))
        whole, blocks = (evaluate(baseline, split, "test", memory=memory) for memory in (10_000, 1))
        assert torch.equal(whole.ranks.kept, blocks.ranks.kept)
        assert (whole.ranks.unseen <= whole.ranks.kept).all()


class CountingContract(BaselineContract):
    """Scores come of what was bought: of no user's place, and of no item's number."""

    @inherited
    @given(st.integers(0, 100_000))
    def test_the_order_of_training_users_and_the_asking_user_do_not_matter(self, seed: int) -> None:
        data = data_of(seed)
        order = np.random.default_rng(seed).permutation(len(LENGTHS))
        shuffled = dataclasses.replace(data, training=data.training.chosen(order))
        expected = scores_of(self.make(data), HISTORIES)
        users = np.arange(100, 100 + len(HISTORIES))
        found = self.make(shuffled).score(flat(HISTORIES), users).numpy()
        np.testing.assert_allclose(found, expected, atol=1e-5, rtol=1e-5)

    @inherited
    @given(st.integers(0, 100_000))
    def test_items_with_other_numbers_get_the_same_scores(self, seed: int) -> None:
        data = data_of(seed)
        number = np.random.default_rng(seed).permutation(ITEMS)
        training = Sequences(number[data.training.values].astype(np.int32), data.training.offsets)
        embeddings = np.empty_like(data.texts)
        embeddings[number] = data.texts
        renumbered = [[int(number[item]) for item in history] for history in HISTORIES]
        expected = scores_of(self.make(data), HISTORIES)
        found = scores_of(self.make(BaselineData(training, ITEMS, embeddings)), renumbered)
        np.testing.assert_allclose(found[:, number], expected, atol=1e-5, rtol=1e-5)
