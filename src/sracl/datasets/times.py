"""Times of any kind as numbers that sort: epoch, ISO text, dates, an order column."""

import polars as pl

from sracl.errors import InputError

ISO_FORMATS = (
    "%Y-%m-%dT%H:%M:%S%.f%:z",
    "%Y-%m-%d %H:%M:%S%.f%:z",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M",
)


def sortable_times(times: pl.Series, source: str) -> pl.Series:
    """Int64 or Float64 values that rise with time; only their order counts, so any unit will do.

    Whole numbers, floats and dates stay as they are; text is read as numbers where all of it is, else as ISO dates
    and times (those without an offset are taken as UTC). Raises InputError, with data row and value, for a time that
    is null, NaN, infinite or unreadable.
    """
    values = _as_numbers(times, source)
    bad = _unreadable(values)
    if bad.any():
        row = int(bad.arg_max() or 0)
        raise InputError(
            f"{source}: data row {row + 1}, column {times.name!r}: {str(times[row])[:80]!r} is no time "
            f"({bad.sum():,} such row(s)); give an epoch, ISO text such as 2024-05-31T12:00:00, or an order column"
        )
    return values


def _as_numbers(times: pl.Series, source: str) -> pl.Series:
    """The times as numbers, null where they are not readable."""
    dtype = times.dtype
    if dtype in (pl.String, pl.Categorical, pl.Enum):
        return _from_text(times.cast(pl.String))
    if dtype.is_integer() or dtype == pl.Null:
        return times.cast(pl.Int64, strict=False)
    if dtype.is_float() or dtype.is_decimal():
        return times.cast(pl.Float64)
    if dtype == pl.Date:
        return times.cast(pl.Datetime("us")).to_physical()
    if dtype.is_temporal():
        return times.to_physical().cast(pl.Int64)
    raise InputError(f"{source}: the column {times.name!r} holds {dtype}; give numbers, ISO text or dates")


def _unreadable(values: pl.Series) -> pl.Series:
    bad = ~values.is_finite() if values.dtype.is_float() else values.is_null()
    return bad.fill_null(True)


def _from_text(times: pl.Series) -> pl.Series:
    """All as whole numbers, or all as numbers, or all as ISO text; else as what most of them are."""
    stripped = times.str.strip_chars()
    numbers = stripped.cast(pl.Float64, strict=False)
    if numbers.null_count() == 0:
        whole = stripped.cast(pl.Int64, strict=False)
        return numbers if whole.null_count() else whole
    moments = _from_iso_text(stripped)
    return min(moments, numbers, key=lambda values: int(_unreadable(values).sum()))


def _from_iso_text(times: pl.Series) -> pl.Series:
    """Microseconds since 1970; null where no format fits. Each format is tried on what the others left."""
    frame = pl.DataFrame({"text": times.str.replace("[zZ]$", "+00:00")})
    microseconds = [
        pl.col("text")
        .str.to_datetime(pattern, time_unit="us", strict=False, time_zone="UTC" if pattern.endswith("z") else None)
        .dt.replace_time_zone(None)
        .to_physical()
        for pattern in ISO_FORMATS
    ]
    days = pl.col("text").str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("us")).to_physical()
    return frame.select(pl.coalesce([*microseconds, days]))["text"].rename(times.name)
