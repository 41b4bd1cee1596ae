"""The two protocols: what retrieval may see, and whose prefixes may be neighbours."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sracl.datasets.prefixes import PrefixPool
from sracl.datasets.sequences import Sequences
from sracl.datasets.splits import leave_one_out
from sracl.errors import SraclError
from sracl.semantics.pool import assert_training_only, exclusion, prefix_pool, same_user_share
from support.batches import histories_of

lengths = st.lists(st.integers(1, 9), min_size=1, max_size=8)


@given(lengths)
def test_strict_sees_training_items_only(lengths: list[int]) -> None:
    split = leave_one_out(histories_of(lengths, 1000))
    pool = prefix_pool(split, "strict", 5)
    assert_training_only(pool, split)
    for user, length in enumerate(lengths):
        expected = split.histories[user][: length - 2 if length >= 3 else length]
        assert pool.sequences[user].tolist() == expected.tolist()


@given(lengths)
def test_paper_also_sees_the_validation_item_and_never_the_test_item(lengths: list[int]) -> None:
    split = leave_one_out(histories_of(lengths, 1000))
    pool = prefix_pool(split, "paper", 5)
    for user, length in enumerate(lengths):
        expected = split.histories[user][: length - 1 if length >= 3 else length]
        assert pool.sequences[user].tolist() == expected.tolist()


def test_a_pool_with_a_validation_item_is_refused_under_strict() -> None:
    split = leave_one_out(histories_of([5, 6], 1000))
    with pytest.raises(SraclError, match="training interactions only"):
        assert_training_only(prefix_pool(split, "paper", 5), split)
    swapped = Sequences(split.training.values[::-1].copy(), split.training.offsets)
    with pytest.raises(SraclError, match="training interactions only"):
        assert_training_only(PrefixPool(swapped, 5), split)


@given(lengths)
def test_strict_leaves_out_the_users_own_prefixes_and_paper_the_prefix_itself(lengths: list[int]) -> None:
    pool = PrefixPool(histories_of(lengths, 1000), 5)
    strict, paper = exclusion(pool, "strict"), exclusion(pool, "paper")
    for number, user in enumerate(pool.users.tolist()):
        own = np.flatnonzero(pool.users == user)
        assert list(range(strict.begins[number], strict.ends[number])) == own.tolist()
        assert list(range(paper.begins[number], paper.ends[number])) == [number]


def test_the_share_of_same_user_neighbours_counts_cells_that_hold_one() -> None:
    pool = PrefixPool(histories_of([2, 2], 10), 5)
    neighbours = np.array([[1, 2], [2, -1], [-1, -1], [0, 2]], dtype=np.int32)
    assert same_user_share(pool, neighbours) == pytest.approx(2 / 5)
    assert same_user_share(pool, np.full((4, 2), -1, dtype=np.int32)) == 0.0
