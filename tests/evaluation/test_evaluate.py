"""Evaluation over a split, by hand and whatever the blocks."""

import numpy as np
import pytest
import torch

from sracl.datasets.sequences import Sequences
from sracl.datasets.splits import Split, leave_one_out
from sracl.errors import InputError
from sracl.evaluation.evaluate import evaluate

ITEMS = 12


class Fixed:
    """Gives each user a fixed row of scores."""

    def __init__(self, scores: np.ndarray) -> None:
        self.scores = torch.from_numpy(scores.astype(np.float32))

    def score(self, histories: Sequences, users: np.ndarray) -> torch.Tensor:
        assert len(histories) == len(users)
        return self.scores[torch.from_numpy(users)]


def split_of(lengths: list[int], seed: int = 0) -> Split:
    random = np.random.default_rng(seed)
    owners = np.repeat(np.arange(len(lengths)), lengths)
    return leave_one_out(Sequences.from_sorted(owners, random.integers(0, ITEMS, len(owners)), len(lengths)))


def test_a_small_example_by_hand() -> None:
    # One user, history 3 1 0 2: test target 2, seen 3 1 0; item 3 scores best, then the target, then the others.
    split = leave_one_out(Sequences.from_sorted(np.zeros(4, dtype=np.int64), np.array([3, 1, 0, 2]), 1))
    found = evaluate(Fixed(np.array([[0.1, 0.2, 0.5, 0.9]])), split, "test", (1, 2))
    assert found.kept == pytest.approx(
        {"HR@1": 0, "NDCG@1": 0, "MRR@1": 0, "HR@2": 1, "NDCG@2": 1 / np.log2(3), "MRR@2": 0.5}
    )
    assert found.unseen["HR@1"] == 1
    # For validation the target is item 0, the worst of all; items 3 and 1 are seen.
    validation = evaluate(Fixed(np.array([[0.1, 0.2, 0.5, 0.9]])), split, "validation", (2,))
    assert (int(validation.ranks.kept[0]), int(validation.ranks.unseen[0])) == (4, 2)


@pytest.mark.parametrize("memory", [1, 200, 10_000])
def test_blocks_do_not_change_the_result(memory: int) -> None:
    split = split_of([3, 1, 8, 4, 2, 5])
    scorer = Fixed(np.random.default_rng(1).normal(size=(6, ITEMS)))
    whole, blocks = evaluate(scorer, split, "test"), evaluate(scorer, split, "test", memory=memory)
    assert whole.kept == blocks.kept
    assert whole.unseen == blocks.unseen
    assert blocks.users.tolist() == [0, 2, 3, 5]
    assert torch.equal(whole.ranks.unseen, blocks.ranks.unseen)


def test_no_user_to_evaluate_is_an_error() -> None:
    with pytest.raises(InputError, match="leave-one-out leaves nothing for test"):
        evaluate(Fixed(np.zeros((2, ITEMS))), split_of([2, 1]), "test")
