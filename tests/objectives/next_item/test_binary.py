"""SASRec's binary loss: the equation, and negatives from outside the user's history."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from objectives.next_item.contract import ITEMS, NextItemContract, context_of
from sracl.objectives.next_item import Binary
from sracl.objectives.next_item.negatives import OutsideHistory
from support.batches import generator, whole_batch
from support.lists import flat


class TestBinary(NextItemContract):
    loss = Binary

    def negatives_of(self, drawn: torch.Tensor, place: int) -> list[int]:
        return [int(drawn[place])]

    def plain(self, loss, states, table, target: int, negatives: list[int]) -> torch.Tensor:
        right = functional.logsigmoid(table[target] @ states)
        return -right - functional.logsigmoid(-(table[negatives[0]] @ states))


@given(st.lists(st.lists(st.integers(0, 5), max_size=9), min_size=1, max_size=5), st.integers(0, 99))
def test_a_negative_is_never_in_its_users_history_and_none_where_that_holds_everything(
    lists: list[list[int]], seed: int
) -> None:
    users = torch.arange(len(lists)).repeat(6)
    drawn = OutsideHistory(flat(lists), 6).draw(users, generator(seed)).tolist()
    for user, item in zip(users.tolist(), drawn, strict=True):
        if set(lists[user]) == set(range(6)):
            assert item == -1
        else:
            assert 0 <= item < 6
            assert item not in lists[user]


def test_negatives_are_uniform_over_what_is_left() -> None:
    histories = flat([[0, 3, 3, 9], [5], []])
    outside = OutsideHistory(histories, 10)
    for user, left in enumerate([{1, 2, 4, 5, 6, 7, 8}, {0, 1, 2, 3, 4, 6, 7, 8, 9}, set(range(10))]):
        drawn = outside.draw(torch.full((20_000,), user), generator(user))
        counts = np.bincount(drawn.numpy(), minlength=10)
        assert set(np.flatnonzero(counts)) == left
        expected = 20_000 / len(left)
        assert (((counts[list(left)] - expected) ** 2) / expected).sum() < 35  # chi-square, at most 9 degrees: p = 6e-5


def test_a_user_who_has_everything_learns_from_the_target_alone() -> None:
    training = flat([[0, 1, 2, 0]])
    made = Binary.of(context_of(training, items=3))
    batch = whole_batch(training, 8)
    drawn = made.draw(batch, generator(0))
    assert drawn.tolist() == [-1, -1, -1]
    torch.manual_seed(0)
    states, table = torch.randn(3, 16), torch.randn(3, 16)
    found = made(states, table, batch.targets, batch.with_target, drawn)
    expected = -functional.logsigmoid((states * table[batch.targets]).sum(dim=1)).mean()
    torch.testing.assert_close(found, expected)
    assert ITEMS > 3
