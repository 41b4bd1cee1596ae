"""Who has a profile, and who borrows whose."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sracl.datasets.splits import leave_one_out
from sracl.semantics.pool import prefix_pool
from sracl.semantics.writers.profile_policy import profile_of
from support.batches import histories_of

lengths = st.lists(st.integers(1, 12), min_size=1, max_size=6)
protocols = st.sampled_from(["strict", "paper"])


@given(lengths, protocols, st.integers(1, 5))
def test_a_profile_is_always_the_same_users(lengths: list[int], protocol, every: int) -> None:
    split = leave_one_out(histories_of(lengths, 50))
    pool = prefix_pool(split, protocol, 8)
    for policy in ("every-prefix", "every-n", "last"):
        taken = profile_of(pool, policy, every)
        np.testing.assert_array_equal(pool.users_of(taken), pool.users)
        np.testing.assert_array_equal(taken[taken], taken)


@given(lengths, protocols, st.integers(1, 5))
def test_every_nth_is_the_latest_earlier_one_and_no_later(lengths: list[int], protocol, every: int) -> None:
    split = leave_one_out(histories_of(lengths, 50))
    pool = prefix_pool(split, protocol, 8)
    positions = pool.positions[profile_of(pool, "every-n", every)]
    assert (positions <= pool.positions).all()
    assert (pool.positions - positions < every).all()
    assert ((positions - 1) % every == 0).all()


@pytest.mark.parametrize("protocol", ["strict", "paper"])
def test_the_last_one_has_read_training_interactions_only(protocol) -> None:
    split = leave_one_out(histories_of([6, 3, 9], 50))
    pool = prefix_pool(split, protocol, 8)
    taken = profile_of(pool, "last", 5)
    np.testing.assert_array_equal(pool.positions[taken], split.training.lengths[pool.users])
    assert len(np.unique(taken)) == 3
