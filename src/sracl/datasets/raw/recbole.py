"""RecBole's atomic files: tables whose header states every column's type."""

from pathlib import Path
from typing import Any

import polars as pl

from sracl.datasets.raw.base import RawData
from sracl.datasets.raw.movielens import film_data
from sracl.errors import InputError

_TYPES = ("token", "token_seq", "float", "float_seq")
_CANONICAL_INTEGER = r"^(0|-?[1-9][0-9]{0,17})$"


def read_atomic(path: Path) -> pl.LazyFrame:
    """Open one atomic file (`.inter`, `.item`, `.user`) under the header's plain column names.

    token: Int64 where every value is a whole number as one writes it (no leading zero), else String; token_seq and
    float_seq: String, as they stand; float: Float64. Empty cells are null. The file is read once here, to check it,
    and again when the frame is collected.
    Raises InputError for a header without types, a float that is none (with its row) or a line with too many values.
    """
    types = _header(path)
    text = pl.scan_csv(
        path,
        has_header=False,
        skip_rows=1,
        separator="\t",
        quote_char=None,
        schema=dict.fromkeys(types, pl.String()),
        glob=False,
    )
    tokens = [name for name, kind in types.items() if kind == "token"]
    floats = [name for name, kind in types.items() if kind == "float"]
    checks = [pl.col(name).str.contains(_CANONICAL_INTEGER).all().alias(f"token {name}") for name in tokens]
    checks += [_unreadable(name).any().alias(f"float {name}") for name in floats]
    try:
        found = text.select(checks).collect(engine="streaming").row(0, named=True) if checks else {}
    except pl.exceptions.PolarsError as error:
        reason = str(error).split("\n")[0]
        raise InputError(f"{path} is no table of {len(types)} tab-separated columns ({reason})") from error
    for name in floats:
        if found[f"float {name}"]:
            raise _bad_float(path, text, name)
    whole = [name for name in tokens if found[f"token {name}"]]
    return text.with_columns(pl.col(whole).cast(pl.Int64), pl.col(floats).cast(pl.Float64))


def _header(path: Path) -> dict[str, str]:
    """Type of every column, in the file's order."""
    try:
        with path.open(encoding="utf-8") as file:
            cells = file.readline().removeprefix("\ufeff").rstrip("\r\n").split("\t")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as an atomic file ({error})") from error
    types: dict[str, str] = {}
    for cell in cells:
        name, _, kind = cell.rpartition(":")
        if not name or kind not in _TYPES:
            raise InputError(
                f"{path}, line 1: {cell[:80]!r} is no column of an atomic file; write NAME:TYPE, TYPE one of "
                f"{', '.join(_TYPES)}"
            )
        if name in types:
            raise InputError(f"{path}, line 1: column {name!r} stands there twice")
        types[name] = kind
    return types


def _unreadable(name: str) -> pl.Expr:
    return pl.col(name).is_not_null() & pl.col(name).cast(pl.Float64, strict=False).is_null()


def _bad_float(path: Path, text: pl.LazyFrame, name: str) -> InputError:
    column = text.select(pl.col(name)).collect().to_series()
    place = column.to_frame().select(_unreadable(name).arg_true().first()).item()
    return InputError(f"{path}, row {place + 1}, column {name!r}: {column[place][:80]!r} is not a number")


def read_ml_100k_atomic(folder: Path) -> RawData:
    """MovieLens 100K from `ml-100k.inter` and `ml-100k.item`: the same ids and texts as `movielens.read_ml_100k`.

    Raises InputError where a file is missing, malformed or has other columns.
    """
    ratings = read_atomic(folder / "ml-100k.inter")
    films = read_atomic(folder / "ml-100k.item")
    _need(
        ratings,
        folder / "ml-100k.inter",
        {"user_id": pl.Int64, "item_id": pl.Int64, "timestamp": pl.Float64},
    )
    _need(films, folder / "ml-100k.item", {"item_id": pl.Int64, "movie_title": pl.String, "class": pl.String})
    # The two parts of the title are put together again, for a few stand in the wrong column ("... (1995)" and "V").
    # The one unknown film is misspelt there.
    title = pl.concat_str("movie_title", pl.lit(" ("), pl.col("release_year").cast(pl.String), pl.lit(")"))
    return film_data(
        ratings.with_columns(pl.col("timestamp").cast(pl.Int64)).collect(),
        films.select(
            "item_id",
            pl.when(pl.col("movie_title") != "unkonwn").then(title).alias("title"),
            pl.col("class").str.replace_all(" ", "|").alias("genres"),
        ).collect(),
    )


def _need(frame: pl.LazyFrame, path: Path, columns: dict[str, Any]) -> None:
    schema = frame.collect_schema()
    for name, dtype in columns.items():
        if schema.get(name) != dtype:
            raise InputError(f"{path}: column {name!r} is {schema.get(name, 'missing')}, not {dtype}")
