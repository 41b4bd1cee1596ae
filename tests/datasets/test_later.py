"""Interactions that came later: the data with them are the data of all rows, but known ids keep their numbers."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sracl.datasets.build import build_dataset
from sracl.datasets.interactions import read_interactions
from sracl.datasets.later import Later, read_later, same_beginnings
from sracl.datasets.tables import Columns, open_table
from sracl.errors import InputError
from support.frames import frame_of, histories_of

ROWS = st.lists(st.tuples(st.integers(0, 5), st.sampled_from("abcdef"), st.integers(0, 20)), min_size=1, max_size=40)


def compared(new, known, columns=Columns()):  # noqa: B008
    return read_later(open_table(new, "interactions"), columns, read_interactions(open_table(known, "i"), columns))


@settings(deadline=None, max_examples=60)
@given(ROWS, ROWS, st.integers(1, 3))
def test_the_data_with_an_update_are_those_of_all_rows_and_who_is_known_stays(first, second, minimum) -> None:
    later = [(user, item, time + 21) for user, item, time in second]
    every, _ = build_dataset(frame_of(first + later), None, Columns(), min_interactions=1)
    try:
        known, _ = build_dataset(frame_of(first), None, Columns(), min_interactions=minimum)
    except InputError:
        return  # nothing was there to be updated
    new = Later(compared(frame_of(first + later), frame_of(first)).new)
    data, _ = build_dataset(frame_of(first), None, Columns(), min_interactions=minimum, later=[new], known=known)
    assert data.users[: known.user_count].equals(known.users)
    assert data.catalogue[: known.item_count].equals(known.catalogue)
    anew, _ = build_dataset(frame_of(first + later), None, Columns(), min_interactions=minimum)
    assert histories_of(data) == histories_of(anew)
    assert set(data.users["user_id"]) <= set(every.users["user_id"])
    now, alike = histories_of(data), same_beginnings(known, data)
    for user, (somebody, history) in enumerate(histories_of(known).items()):
        rest = iter(now[somebody])
        assert all(item in rest for item in history), "in the same order, perhaps with others between"
        common = [one == other for one, other in zip(history, now[somebody], strict=False)]
        assert alike[user] == [*common, False].index(False)


def test_rows_that_are_known_or_repeat_are_counted_and_passed_over() -> None:
    known = frame_of([(1, "a", 5), (2, "b", 5)])
    found = compared(frame_of([(1, "a", 5), (1, "b", 6), (1, "b", 6), (3, "a", 1)]), known)
    assert found.known == 2
    assert found.new.rows() == [(1, "b", 6), (3, "a", 1)]


def test_without_times_all_rows_are_new() -> None:
    columns = Columns(time=None)
    found = compared(frame_of([(1, "a", 0)]), frame_of([(1, "a", 0)]), columns)
    assert (found.known, found.new.height) == (0, 1)


def test_an_earlier_row_is_named() -> None:
    with pytest.raises(InputError, match=r"1 interaction\(s\) come before .* data row 2 \(user 1: 4 before 5\)"):
        compared(frame_of([(1, "a", 6), (1, "b", 4)]), frame_of([(1, "a", 5)]))


def test_ids_of_another_type_are_refused_and_numbers_written_as_text_are_not() -> None:
    known = frame_of([(1, "a", 5)])
    as_text = frame_of([(7, "a", 6)]).with_columns(pl.col("user_id").cast(pl.String))
    assert compared(as_text, known).new["user_id"].to_list() == [7]
    with pytest.raises(InputError, match="no Int64 as the run's are, such as 'ann'"):
        compared(as_text.with_columns(user_id=pl.lit("ann")), known)


def test_units_of_time_are_converted_and_dates_do_not_follow_counts() -> None:
    known = frame_of([(1, "a", 1_700_000_000), (2, "a", 1_700_000_100)])
    in_milliseconds = frame_of([(1, "b", 1_700_000_001_000)])
    assert compared(in_milliseconds, known).new["time"].to_list() == [1_700_000_001]
    counts = frame_of([(1, "a", 0), (2, "a", 0), (3, "b", 0)])
    with pytest.raises(InputError, match="holds dates"):
        compared(frame_of([(1, "b", 0)]).with_columns(timestamp=pl.lit(date(2024, 1, 1))), counts)
    assert compared(frame_of([(1, "b", 1)]), counts).new["time"].to_list() == [1]


def test_fractions_of_seconds_follow_whole_ones() -> None:
    new = frame_of([(1, "b", 0)]).with_columns(timestamp=pl.lit(1_700_000_000.5))
    found = compared(new, frame_of([(1, "a", 1_700_000_000), (2, "a", 1_700_000_001)]))
    assert found.new["time"].to_list() == [1_700_000_000.5]
    data, _ = build_dataset(
        frame_of([(1, "a", 1_700_000_000)]), None, Columns(), min_interactions=1, later=[Later(found.new)]
    )
    assert histories_of(data) == {1: ["a", "b"]}
