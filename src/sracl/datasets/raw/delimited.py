"""Tables of lines and separators, with the types stated beforehand and faults told by line."""

import csv
import io
from collections.abc import Mapping
from itertools import islice

import polars as pl
from polars.datatypes import DataTypeClass

from sracl.datasets.raw.blocks import ByteStream, Fault, frame_of_blocks
from sracl.errors import InputError


def read_delimited(
    stream: ByteStream,
    source: str,
    columns: Mapping[str, DataTypeClass],
    *,
    separator: str,
    header: bool = False,
    quoted: bool = False,
    encoding: str = "utf-8",
    optional: tuple[str, ...] = (),
) -> pl.DataFrame:
    """Read a table; every line must have all of `columns`, in this order.

    separator: one character or more (MovieLens 1M has `::`). header: the first line must name exactly `columns`.
    quoted: double quotes may stand around values. optional: the columns that may be empty (null then).
    Raises InputError with `source` and the line for a missing, superfluous or unreadable value.
    """
    if header:
        _check_header(stream.readline(), source, list(columns), separator)
    schema = dict(columns)
    single = "\t" if len(separator) > 1 else separator

    def plain(block: bytes) -> bytes:
        if encoding != "utf-8":
            block = block.decode(encoding).encode()
        return block.replace(separator.encode(), b"\t") if single != separator else block

    def parse(block: bytes) -> pl.DataFrame:
        if not block:
            return pl.DataFrame(schema=schema)
        return pl.read_csv(
            io.BytesIO(plain(block)),
            has_header=False,
            schema=schema,
            separator=single,
            quote_char='"' if quoted else None,
        )

    def find_fault(block: bytes) -> Fault | None:
        return _first_fault(plain(block), schema, single, quoted, optional)

    required = tuple(name for name in columns if name not in optional)
    return frame_of_blocks(stream, source, parse, find_fault, required, first_line=2 if header else 1)


def _check_header(line: bytes, source: str, names: list[str], separator: str) -> None:
    found = line.decode("utf-8", errors="replace").removeprefix("\ufeff").rstrip("\r\n").split(separator)
    if found != names:
        raise InputError(f"{source}, line 1: the header is {separator.join(found)!r}, not {separator.join(names)!r}")


def _first_fault(
    block: bytes, schema: Mapping[str, DataTypeClass], separator: str, quoted: bool, optional: tuple[str, ...]
) -> Fault | None:
    text = io.StringIO(block.decode("utf-8", errors="replace"), newline="")
    rows = csv.reader(text, delimiter=separator, quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE)
    before = 0
    for row in rows:
        reason = _fault_of(row, schema, optional)
        if reason:
            return before, reason
        before = rows.line_num
    return None


def _fault_of(row: list[str], schema: Mapping[str, DataTypeClass], optional: tuple[str, ...]) -> str | None:
    if len(row) != len(schema):
        return f"{len(row)} values where {len(schema)} belong ({', '.join(islice(schema, 6))} ...)"
    for (name, dtype), value in zip(schema.items(), row, strict=True):
        if value == "" and name not in optional:
            return f"column {name} is empty"
        if value != "" and dtype != pl.String and pl.Series([value]).cast(dtype, strict=False).null_count():
            return f"column {name} is {value[:80]!r}, not a number"
    return None
