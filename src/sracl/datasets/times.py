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
    dtype = times.dtype
    if dtype == pl.String:
        values = _from_text(times)
    elif dtype.is_integer():
        values = times.cast(pl.Int64)
    elif dtype.is_float() or dtype.is_decimal():
        values = times.cast(pl.Float64)
    elif dtype.is_temporal():
        values = times.cast(pl.Datetime("us")).to_physical() if dtype == pl.Date else times.to_physical().cast(pl.Int64)
    else:
        raise InputError(f"{source}: the column {times.name!r} holds {dtype}; give numbers, ISO text or dates")
    bad = ~values.is_finite() if values.dtype.is_float() else values.is_null()
    bad = bad.fill_null(True)
    if bad.any():
        row = int(bad.arg_max() or 0)
        raise InputError(
            f"{source}: data row {row + 1}, column {times.name!r}: {times[row]!r} is no time ({bad.sum():,} such "
            "row(s)); give an epoch, ISO text such as 2024-05-31T12:00:00, or an order column"
        )
    return values


def _from_text(times: pl.Series) -> pl.Series:
    stripped = times.str.strip_chars()
    for number in (pl.Int64, pl.Float64):
        values = stripped.cast(number, strict=False)
        if not values.null_count():
            return values
    return _from_iso_text(stripped)


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
