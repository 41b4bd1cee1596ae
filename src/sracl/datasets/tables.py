"""Tables of one's own: files of several formats and data frames, opened lazily under one interface."""

import difflib
import glob
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from sracl.datasets.raw.recbole import read_atomic
from sracl.errors import InputError

Frame = Any
"""A Polars frame (lazy or not), a pandas frame, or the path of a file."""


_ADVICE = {
    (".csv", ".tsv"): "It must be UTF-8 text with a header, and no line may have more values than the header.",
    (".jsonl", ".ndjson", ".json"): "It must be UTF-8 text with one JSON object a line.",
    (".parquet",): "Is the file whole, and is it Parquet?",
}


@dataclass(frozen=True)
class Columns:
    """Names of the columns. time None: the order of the rows; text None: all text columns of the items table."""

    user: str = "user_id"
    item: str = "item_id"
    time: str | None = "timestamp"
    text: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Opened:
    """An opened table. name: for messages. untyped: its values are text that may mean numbers, as in a CSV file."""

    frame: pl.LazyFrame
    name: str
    untyped: bool

    def column_names(self) -> list[str]:
        """The columns' names. Raises InputError for a file that cannot be read as its suffix says."""
        try:
            return self.frame.collect_schema().names()
        except (pl.exceptions.PolarsError, OSError) as error:
            raise _unreadable(self.name, error) from error

    def need(self, column: str, purpose: str, hint: str = "") -> None:
        """Raise InputError unless there is a column of this name."""
        names = self.column_names()
        if column not in names:
            near = difflib.get_close_matches(column, names, n=1, cutoff=0.5)
            guess = f"did you mean {near[0]!r}? " if near else ""
            raise InputError(
                f"{self.name} has no column {column!r} for {purpose}; it has {', '.join(names)}.\n"
                f"{guess}Set dataset.columns{hint}."
            )

    def collect(self, query: pl.LazyFrame) -> pl.DataFrame:
        """Run a query over this table. Raises InputError where the file cannot be read to its end."""
        try:
            return query.collect(engine="streaming")
        except (pl.exceptions.PolarsError, OSError) as error:
            raise _unreadable(self.name, error) from error


def open_table(source: Frame, what: str) -> Opened:
    """Open a file or a frame. what: `interactions` or `items`, for messages about frames.

    Files by suffix: .csv, .tsv, .parquet, .jsonl, .ndjson, .json (a value a line), RecBole's .inter and .item; text
    formats also with .gz. Raises InputError for a missing or empty file and for an unknown suffix or type.
    """
    if isinstance(source, str | Path):
        return read_table(Path(source))
    if isinstance(source, pl.LazyFrame | pl.DataFrame):
        return Opened(source.lazy(), f"the frame of {what}", untyped=False)
    # Whoever has a pandas frame has imported pandas; nobody else should wait for it.
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(source, pandas.DataFrame):
        return Opened(_from_pandas(source, what).lazy(), f"the frame of {what}", untyped=False)
    raise InputError(f"{what} must be a Polars or pandas frame or a path, not {type(source).__name__}")


def _from_pandas(source: Any, what: str) -> pl.DataFrame:
    try:
        return pl.from_pandas(source)
    except (ValueError, TypeError, pl.exceptions.PolarsError) as error:
        raise InputError(
            f"the frame of {what} cannot be read: {_first_line(error)}; a column must hold values of one type"
        ) from error


def read_table(path: Path) -> Opened:
    """Open a file by its suffix; see `open_table`. Nothing but its schema is read yet."""
    if not path.is_file():
        raise InputError(f"there is no file {path}")
    if path.stat().st_size == 0:
        raise InputError(f"{path} is empty")
    suffixes = [suffix.lower() for suffix in path.suffixes]
    packed = bool(suffixes) and suffixes[-1] == ".gz"
    suffix = "".join(suffixes[-2:-1] if packed else suffixes[-1:])
    try:
        match suffix:
            case ".csv" | ".tsv":
                separator = "," if suffix == ".csv" else "\t"
                # All columns as text: an id such as 007 must not become the number 7.
                frame = pl.scan_csv(path, separator=separator, infer_schema=False, glob=False)
                return Opened(frame, str(path), untyped=True)
            case ".jsonl" | ".ndjson" | ".json":
                # All lines settle the types: keys that come late would be lost otherwise.
                frame = pl.scan_ndjson(glob.escape(str(path)), infer_schema_length=None)
                return Opened(frame, str(path), untyped=False)
            case ".parquet" if not packed:
                return Opened(pl.scan_parquet(path, glob=False), str(path), untyped=False)
            case ".inter" | ".item" if not packed:
                return Opened(read_atomic(path), str(path), untyped=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _unreadable(str(path), error) from error
    raise InputError(f"{path} has a suffix that is not known: use .csv, .tsv, .parquet, .jsonl, .inter or .item")


def _unreadable(name: str, error: Exception) -> InputError:
    message = f"{name} cannot be read: {_first_line(error)}."
    for suffixes, advice in _ADVICE.items():
        if name.lower().removesuffix(".gz").endswith(suffixes):
            return InputError(f"{message}\n{advice}")
    return InputError(message)


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
