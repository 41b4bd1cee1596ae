"""What the times of a data set count, so that dates and moments of several users can be compared with them."""

from datetime import UTC, datetime, timedelta
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

Clock = Literal["none", "order", "s", "ms", "us", "ns"]
"""none: no times, the order of the rows stands. order: each user's own interactions are counted, so that two users'
times cannot be compared. Otherwise the unit of time since 1970."""
PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
UNIX = datetime(1970, 1, 1, tzinfo=UTC)
LATEST_SECOND = 1e11
"""Numbers below it are taken for seconds (to the year 5138), below its thousandfold for milliseconds, and so on."""


def clock_of(given: pl.Series, times: NDArray[np.number], users: NDArray[np.integer]) -> Clock:
    """What the column `given` `[total]`, read as `times` by `sortable_times`, counts for the users `[total]`.

    Dates know their unit, and text of dates is read as microseconds. Numbers are counts of each user's interactions
    where more than half of the users (of at least two) begin at the same, lowest one: clocks do not do that. Other
    numbers are time since 1970 in the unit that their size suggests.
    """
    if not _is_dates(given) and _counts_interactions(times, users):
        return "order"
    return unit_of(given, times)


def unit_of(given: pl.Series, times: NDArray[np.number]) -> Clock:
    """The unit of time since 1970 of the column `given`, read as `times`: of dates their own, of numbers by size."""
    if isinstance(given.dtype, pl.Datetime):
        return given.dtype.time_unit
    if _is_dates(given):
        return "us"
    largest = float(np.abs(times).max())
    return next((unit for unit in ("s", "ms", "us") if largest < LATEST_SECOND * PER_SECOND[unit]), "ns")


def _is_dates(given: pl.Series) -> bool:
    return isinstance(given.dtype, pl.Datetime) or given.dtype == pl.Date or is_text_of_dates(given)


def is_text_of_dates(given: pl.Series) -> bool:
    """Whether it is text that is no number: all of a column is read in one way."""
    if given.dtype not in (pl.String, pl.Categorical, pl.Enum):
        return False
    return given.head(1).cast(pl.String).str.strip_chars().cast(pl.Float64, strict=False).null_count() > 0


def _counts_interactions(times: NDArray[np.number], users: NDArray[np.integer]) -> bool:
    firsts = pl.DataFrame({"user": users, "time": times}).group_by("user").agg(pl.col("time").min())["time"]
    return len(firsts) > 1 and int((firsts == firsts.min()).sum()) * 2 > len(firsts)


def as_number(moment: datetime, clock: Clock) -> float:
    """A date as the clock counts it; one without an offset is taken as UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    microseconds = (aware - UNIX) // timedelta(microseconds=1)
    per_second = PER_SECOND[clock]
    return microseconds * (per_second // 10**6) if per_second >= 10**6 else microseconds * per_second / 10**6


def as_text(time: float, clock: Clock) -> str:
    """A time as a date (UTC), or the number where it is none that a calendar has."""
    try:
        seconds, rest = divmod(time, PER_SECOND[clock])
        return (UNIX + timedelta(seconds=seconds, microseconds=rest * 10**6 // PER_SECOND[clock])).isoformat()
    except OverflowError:
        return f"{time:g}"
