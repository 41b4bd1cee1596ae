"""What times count, and dates as numbers and back."""

from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sracl.datasets.clock import as_number, as_text, clock_of
from sracl.datasets.times import sortable_times

BERLIN = timezone(timedelta(hours=2))


@pytest.mark.parametrize(
    ("given_times", "clock"),
    [
        ([1_400_000_000, 1_400_000_001, 1_300_000_000], "s"),
        ([1_400_000_000.5, 1_400_000_001.0, 1_300_000_000.0], "s"),
        ([1_400_000_000_000, 1_400_000_001_000, 1_300_000_000_000], "ms"),
        ([10**15, 10**15 + 1, 10**15 - 1], "us"),
        ([10**18, 10**18 + 1, 10**18 - 1], "ns"),
        ([2001, 2005, 1999], "s"),
        (["1400000000", "1400000001", "1300000000"], "s"),
        (["1960-05-31", "1960-06-01", "1950-01-01"], "us"),
        ([date(1960, 5, 31), date(1960, 6, 1), date(1950, 1, 1)], "us"),
        ([0, 1, 0], "order"),
        ([3.0, 4.0, 3.0], "order"),
    ],
)
def test_the_clock_of_two_users_times(given_times: list, clock: str) -> None:
    series = pl.Series("time", given_times)
    assert clock_of(series, sortable_times(series, "the frame").to_numpy(), np.array([0, 0, 1])) == clock


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_datetimes_know_their_unit(unit: str) -> None:
    series = pl.Series("time", [datetime(1960, 1, 1), datetime(1960, 1, 2)]).cast(pl.Datetime(unit))
    times = sortable_times(series, "the frame").to_numpy()
    clock = clock_of(series, times, np.array([0, 1]))
    assert clock == unit
    assert as_text(times[1].item(), clock) == "1960-01-02T00:00:00+00:00"


def test_one_user_alone_counts_nothing() -> None:
    series = pl.Series("time", [0, 1, 2])
    assert clock_of(series, series.to_numpy(), np.zeros(3, dtype=np.int64)) == "s"


@given(
    st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1), timezones=st.sampled_from([UTC, BERLIN])),
    st.sampled_from(["us", "ns"]),
)
def test_dates_come_back_from_numbers(moment: datetime, clock) -> None:
    assert datetime.fromisoformat(as_text(as_number(moment, clock), clock)) == moment


def test_a_date_without_an_offset_is_utc_and_whole_seconds_are_exact() -> None:
    assert as_number(datetime(2015, 6, 30), "s") == 1_435_622_400
    assert as_number(datetime(2015, 6, 30, 2, tzinfo=BERLIN), "ms") == 1_435_622_400_000


def test_a_number_beyond_the_calendar_stays_a_number() -> None:
    assert as_text(1e30, "s") == "1e+30"
