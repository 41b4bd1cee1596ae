"""Times of every kind sort as they mean, and what is no time is told with its row."""

from datetime import UTC, date, datetime, timedelta, timezone

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sracl.datasets.times import sortable_times
from sracl.errors import InputError

moments = st.lists(
    st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC)),
    min_size=1,
    max_size=10,
)


def order(values: list) -> list[int]:
    """Ranks, equal for equal values."""
    return [sorted(set(values)).index(value) for value in values]


def ranks(*values: object, dtype: object = None) -> list[int]:
    return order(sortable_times(pl.Series("timestamp", values, dtype=dtype), "x.csv").to_list())


@given(moments, st.integers(-14, 14))
def test_every_way_to_write_a_moment_gives_the_same_order(times: list[datetime], hours: int) -> None:
    zone = timezone(timedelta(hours=hours))
    expected = order(times)
    assert ranks(*times) == expected
    assert ranks(*[time.replace(tzinfo=None) for time in times]) == expected
    assert ranks(*[time.isoformat() for time in times]) == expected
    assert ranks(*[time.astimezone(zone).isoformat(" ") for time in times]) == expected
    assert ranks(*[time.isoformat().replace("+00:00", "Z") for time in times]) == expected
    microseconds = [round(time.timestamp() * 1_000_000) for time in times]
    assert ranks(*microseconds) == expected
    assert ranks(*map(str, microseconds)) == expected


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=10))
def test_numbers_keep_their_order_also_when_written_as_text(numbers: list[float]) -> None:
    assert ranks(*numbers) == order(numbers)
    assert ranks(*[f" {number!r} ".strip() for number in numbers]) == order(numbers)


def test_mixed_forms_of_iso_text_are_compared_in_utc() -> None:
    forms = ["2024-05-31", "2024-05-31T00:00", "2024-05-31 02:00:00+0200", "2024-05-31T00:00:00.000001Z", "2024-06-01"]
    assert ranks(*forms) == [0, 0, 0, 1, 2]


def test_dates_order_columns_and_wide_or_categorical_types_are_read() -> None:
    assert ranks(date(2024, 1, 2), date(2024, 1, 1)) == [1, 0]
    assert ranks(2, 1, 10, dtype=pl.UInt8) == [1, 0, 2]
    assert ranks("9", "10", "-1", dtype=pl.Categorical) == [1, 2, 0]
    assert ranks("1.5", "1.25") == [1, 0]
    assert ranks(5, 3, dtype=pl.Int128) == [1, 0]
    assert ranks("1.50", "1.25", dtype=pl.String) == [1, 0]


@pytest.mark.parametrize(
    ("values", "row", "shown"),
    [
        ([1, None, 3], 2, "None"),
        ([1.0, float("nan")], 2, "nan"),
        ([float("inf"), 1.0], 1, "inf"),
        (["5", "6", "oops"], 3, "oops"),
        (["5", "nan"], 2, "nan"),
        (["2024-01-01", "2024-13-01", "2024-02-30"], 2, "2024-13-01"),
        (["2024-01-01", None], 2, "None"),
        (["2024-01-01", ""], 2, ""),
        ([None, None], 1, "None"),
        ([datetime(2024, 1, 1), None], 2, "None"),
        ([1, 2**63], 2, str(2**63)),
        (["x" * 500], 1, "x" * 80),
    ],
)
def test_the_first_row_that_holds_no_time_is_named_with_its_value(values: list, row: int, shown: str) -> None:
    dtype = pl.UInt64 if values[-1] == 2**63 else None
    with pytest.raises(InputError) as caught:
        sortable_times(pl.Series("when", values, dtype=dtype), "x.csv")
    assert f"x.csv: data row {row}, column 'when': {shown!r} is no time" in str(caught.value)


def test_columns_that_cannot_be_times_are_refused() -> None:
    with pytest.raises(InputError, match="holds Boolean; give numbers"):
        ranks(True, False)
    with pytest.raises(InputError, match=r"holds List\(Int64\)"):
        ranks([1], [2])
