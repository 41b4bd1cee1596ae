"""Global time: nothing that trains or is read is as late as what is asked."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sracl.datasets.splits.base import PARTS
from sracl.datasets.splits.global_time import Moments, global_time
from sracl.errors import InputError
from support.timed import Timed, flat_timed

# Few moments, so that users tie with themselves, with each other and with the cuts.
timed = st.lists(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 6)), max_size=8), min_size=1, max_size=6)
DAY = 86_400


def split_at(users: Timed, first: int, second: int, *, every: bool = False):
    """The split at the days `first` and `second` of 1970, its histories' times in days."""
    histories, times = flat_timed(users)
    moments = Moments(times * DAY, "s")
    cuts = (datetime(1970, 1, 1 + first, tzinfo=UTC), datetime(1970, 1, 1 + second, tzinfo=UTC))
    return global_time(histories, moments, cuts, every), times


def split_or_none(users: Timed, first: int, second: int, every: bool):
    try:
        return split_at(users, first, second, every=every)
    except InputError:
        return None


@given(timed, st.integers(1, 5), st.integers(1, 4), st.booleans())
def test_nothing_that_trains_is_as_late_as_the_first_cut_nor_anything_that_is_read_as_its_target(
    users: Timed, first: int, width: int, every: bool
) -> None:
    found = split_or_none(users, first, first + width, every)
    assume(found is not None)
    split, times = found
    offsets = split.histories.offsets
    trains = np.concatenate(
        [np.arange(start, start + length) for start, length in zip(offsets, split.training_lengths, strict=False)]
    ).astype(int)
    assert (times[trains] < first).all()
    assert (np.delete(times, trains) >= first).all()
    for part, low, high in (("validation", first, first + width), ("test", first + width, np.inf)):
        asked = split.part(part)
        assert ((times[asked.places] >= low) & (times[asked.places] < high)).all()
        assert (asked.lengths >= 1).all()
        for user, length, place in zip(asked.users, asked.lengths, asked.places, strict=True):
            assert offsets[user] <= place < offsets[user + 1]
            assert times[offsets[user] + length - 1] < times[place]
            assert (times[offsets[user] + length : place] == times[place]).all()


@given(timed, st.integers(1, 5), st.integers(1, 4), st.booleans())
def test_every_interaction_of_a_part_is_asked_or_counted(users: Timed, first: int, width: int, every: bool) -> None:
    found = split_or_none(users, first, first + width, every)
    assume(found is not None)
    split, _ = found
    for part, low, high in (("validation", first, first + width), ("test", first + width, 99)):
        in_part = [[time for _, time in history if low <= time < high] for history in users]
        wanted = sum(map(len, in_part)) if every else sum(map(bool, in_part))
        assert len(split.part(part)) + split.part(part).without_history == wanted
        earliest = [min((time for _, time in history), default=0) for history in users]
        askable = [[t for t in times if t > first] for times, first in zip(in_part, earliest, strict=True)]
        assert len(split.part(part)) == sum(map(len if every else bool, askable))
        facts = split.facts()[part]
        assert facts["targets"] == len(split.part(part))
        assert facts["targets_left_out_without_history"] == split.part(part).without_history


@given(timed, st.floats(0.01, 0.9), st.floats(0.02, 0.99))
def test_no_more_than_the_share_comes_before_a_cut_and_no_moment_is_cut_in_two(
    users: Timed, first: float, second: float
) -> None:
    _, times = flat_timed(users)
    assume(len(times) > 0)
    moments = Moments(times, "s")
    for share in (first, second):
        before = (times < moments.of(share)).sum()
        assert before <= share * len(times)
        assert (times <= moments.of(share)).sum() > int(share * len(times))


def test_the_first_target_of_a_user_or_every_one() -> None:
    users = [[(1, 0), (2, 1), (3, 2), (4, 3), (5, 4), (6, 5)], [(7, 2), (8, 3)], [(1, 0), (9, 4), (1, 4)]]
    split, _ = split_at(users, 2, 4)
    assert [part.tolist() for part in split.training] == [[1, 2], [], [1]]
    assert split.targets("validation").tolist() == [3, 8]  # of the second user the first that something comes before
    assert split.validation.without_history == 0
    assert split.targets("test").tolist() == [5, 9]
    assert [part.tolist() for part in split.inputs("test")] == [[1, 2, 3, 4], [1]]
    assert split.known("test").tolist() == [False, False]
    every, _ = split_at(users, 2, 4, every=True)
    assert every.targets("validation").tolist() == [3, 4, 8]
    assert every.part("validation").users.tolist() == [0, 0, 1]
    assert [part.tolist() for part in every.inputs("validation")] == [[1, 2], [1, 2, 3], [7]]
    assert every.validation.without_history == 1
    # Two interactions at one moment: neither is read before the other.
    assert every.targets("test").tolist() == [5, 6, 9, 1]
    assert [part.tolist() for part in every.inputs("test")][2:] == [[1], [1]]
    assert every.known("test").tolist() == [False, False, False, True]
    facts = every.facts()
    assert facts["cuts"] == ("1970-01-03T00:00:00+00:00", "1970-01-05T00:00:00+00:00")
    assert facts["validation"]["users_unknown_at_training"] == 1
    assert facts["validation"]["items_read_unknown_at_training"] == 2
    assert facts["test"]["targets_of_items_unknown_at_training"] == 3


def test_the_pool_of_the_paper_protocol_ends_with_the_last_validation_target() -> None:
    users = [[(1, 0), (2, 2), (3, 3), (4, 4), (4, 5)], [(7, 2), (8, 3), (9, 5)], [(5, 1)]]
    first, _ = split_at(users, 2, 4)
    assert [part.tolist() for part in first.through_validation()] == [[1, 2], [7, 8], [5]]
    every, _ = split_at(users, 2, 4, every=True)
    assert [part.tolist() for part in every.through_validation()] == [[1, 2, 3], [7, 8], [5]]


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (4, 3, r"split.validation falls on 1970-01-05.*split.test on 1970-01-04.*reach from 1970-01-01"),
        (3, 3, "must be later than the first"),
        (0, 3, "leave nothing for training; the data reach from 1970-01-01T00:00:00.00:00 to 1970-01-07"),
        (7, 8, "leave nothing for validation"),
        (1, 2, "leave nothing for validation"),
        (3, 9, "leave nothing for test"),
    ],
)
def test_an_empty_part_is_refused_with_where_the_data_lie(first: int, second: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        split_at([[(1, 0), (2, 3), (3, 6)], [(1, 6)]], first, second)


def test_no_interactions_at_all_are_refused() -> None:
    histories, times = flat_timed([[]])
    with pytest.raises(InputError, match="no interactions"):
        global_time(histories, Moments(times, "s"), (0.8, 0.9))


def test_parts_are_named_once() -> None:
    assert PARTS == ("validation", "test")
