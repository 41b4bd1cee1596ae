"""Leave-one-out against slicing a list."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sracl.datasets.splits import PARTS, Part, leave_one_out
from support.lists import flat, lists_of

nested = st.lists(st.lists(st.integers(0, 99), max_size=7), min_size=1, max_size=8)


@given(nested)
def test_the_last_tests_the_one_before_validates_and_short_histories_only_train(lists: list[list[int]]) -> None:
    split = leave_one_out(flat(lists))
    evaluated = [user for user, history in enumerate(lists) if len(history) >= 3]
    assert split.test.users.tolist() == evaluated
    assert lists_of(split.training) == [history[:-2] if len(history) >= 3 else history for history in lists]
    assert split.targets("test").tolist() == [lists[user][-1] for user in evaluated]
    assert split.targets("validation").tolist() == [lists[user][-2] for user in evaluated]
    assert split.targets("test").dtype == split.targets("validation").dtype == np.int64


@given(nested)
def test_the_model_reads_all_that_came_before_the_target_and_nothing_later(lists: list[list[int]]) -> None:
    split = leave_one_out(flat(lists))
    evaluated = [history for history in lists if len(history) >= 3]
    assert lists_of(split.inputs("test")) == [history[:-1] for history in evaluated]
    assert lists_of(split.inputs("validation")) == [history[:-2] for history in evaluated]


def test_three_interactions_are_the_fewest_that_are_evaluated() -> None:
    split = leave_one_out(flat([[1, 2], [1, 2, 3]]))
    assert split.test.users.tolist() == [1]
    assert lists_of(split.inputs("validation")) == [[1]]


@given(nested, st.sampled_from(PARTS), st.integers(1, 9), st.integers(0, 5))
def test_some_targets_are_drawn_by_the_seed_and_kept_whole(
    lists: list[list[int]], part: Part, count: int, seed: int
) -> None:
    split = leave_one_out(flat(lists))
    whole = split.part(part)
    drawn, again = (split.with_some(part, count, seed) for _ in range(2))
    some = drawn.part(part)
    assert len(some) == min(count, len(whole))
    assert some.users.tolist() == again.part(part).users.tolist() == sorted(set(some.users.tolist()))
    rows = np.searchsorted(whole.users, some.users)
    assert some.places.tolist() == whole.places[rows].tolist()
    assert some.lengths.tolist() == whole.lengths[rows].tolist()
    (other,) = set(PARTS) - {part}
    assert drawn.part(other) is split.part(other)
    assert split.with_some(part, None, seed) is split
