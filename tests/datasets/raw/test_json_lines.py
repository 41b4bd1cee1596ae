"""JSON lines become columns; every fault is told with its line."""

import io
import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sracl.datasets.raw.json_lines import read_json_lines
from sracl.errors import InputError

COLUMNS = pl.Schema({"id": pl.String, "time": pl.Int64, "tags": pl.List(pl.String)})


def read(content: bytes) -> pl.DataFrame:
    return read_json_lines(io.BytesIO(content), "file", COLUMNS, required=("id", "time"))


@given(st.lists(st.tuples(st.text(min_size=1), st.integers(0, 10**13), st.lists(st.text(), max_size=3)), max_size=10))
def test_what_was_written_is_read(rows: list[tuple[str, int, list[str]]]) -> None:
    lines = [json.dumps({"id": a, "time": b, "tags": c, "other": {"x": [1]}}) for a, b, c in rows]
    assert read("\n".join(lines).encode()).rows() == rows


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"id": "a", "time": 1', "no JSON"),
        (b"id,time", "no JSON"),
        (b"[1, 2]", "no JSON object"),
        (b"null", "no JSON object"),
        (b'{"id": "a"}', "time is missing"),
        (b'{"id": null, "time": 1}', "id is missing"),
        (b'{"id": "a", "time": "soon"}', "soon"),
        (b'{"id": "a", "time": 1, "tags": "t"}', "List"),
        (b'{"id": "\xe9", "time": 1}', "no JSON"),
    ],
)
@pytest.mark.parametrize("before", [0, 3])
def test_a_fault_is_told_with_its_line(line: bytes, reason: str, before: int) -> None:
    good = b'{"id": "a", "time": 1, "tags": null}\n'
    with pytest.raises(InputError, match=f"file, line {before + 1}: .*{reason}"):
        read(good * before + line + b"\n" + good)


def test_an_empty_file_is_an_empty_table() -> None:
    assert read(b"").schema == COLUMNS
