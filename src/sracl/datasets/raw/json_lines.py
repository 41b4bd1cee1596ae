"""Files with a JSON object on every line, read into columns without a Python object a line."""

import io
import json
from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from sracl.datasets.raw.blocks import ByteStream, Fault, frame_of_blocks


def read_json_lines(
    stream: ByteStream,
    source: str,
    columns: Mapping[str, Any],
    *,
    required: tuple[str, ...],
    shape: Callable[[pl.DataFrame], pl.DataFrame] | None = None,
) -> pl.DataFrame:
    """Read the keys named in `columns`, with their Polars types; other keys are passed over, absent ones give null.

    required: the keys that every line must have. shape: applied to each block's frame before they are put together,
        so that what is not wanted never piles up; it must keep the `required` columns.
    Raises InputError with `source` and the line for what is no JSON object, or has a missing or unfitting value.
    """

    def parse(block: bytes) -> pl.DataFrame:
        schema = dict(columns)
        frame = pl.read_ndjson(io.BytesIO(block), schema=schema) if block.strip() else pl.DataFrame(schema=schema)
        if shape is None or any(frame.select(required).null_count().row(0)):
            return frame
        return shape(frame)

    def find_fault(block: bytes) -> Fault | None:
        for number, line in enumerate(block.split(b"\n")):
            reason = _fault_of(line, columns, required) if line.strip() else None
            if reason:
                return number, reason
        return None

    return frame_of_blocks(stream, source, parse, find_fault, required)


def _fault_of(line: bytes, columns: Mapping[str, Any], required: tuple[str, ...]) -> str | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        return f"no JSON ({error})"
    if not isinstance(value, dict):
        return "no JSON object"
    for name in required:
        if value.get(name) is None:
            return f"{name} is missing"
    try:
        pl.read_ndjson(io.BytesIO(line), schema=dict(columns))
    except pl.exceptions.PolarsError as error:
        return str(error).split("\n")[0]
    return None
