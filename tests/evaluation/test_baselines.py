"""Baselines give the orders that their names promise."""

import numpy as np

from sracl.datasets.sequences import Sequences
from sracl.evaluation.baselines import Popularity, RepeatLast

TRAINING = Sequences.from_sorted(np.array([0, 0, 0, 1, 1]), np.array([2, 1, 2, 2, 1]), 2)
HISTORIES = Sequences.from_sorted(np.array([0, 0, 0, 1]), np.array([0, 3, 0, 1]), 2)


def orders(scorer) -> list[list[int]]:
    scores = scorer.score(HISTORIES, np.array([0, 1])).numpy()
    return [np.argsort(-row, kind="stable").tolist() for row in scores]


def test_popularity_counts_training_interactions() -> None:
    assert orders(Popularity(TRAINING, 5)) == [[2, 1, 0, 3, 4]] * 2


def test_repeat_last_goes_back_through_the_history_and_then_by_popularity() -> None:
    assert orders(RepeatLast(TRAINING, 5)) == [[0, 3, 2, 1, 4], [1, 2, 0, 3, 4]]
