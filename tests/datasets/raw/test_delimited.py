"""Tables with stated types: every fault is told with its line."""

import io

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sracl.datasets.raw import blocks
from sracl.datasets.raw.delimited import read_delimited
from sracl.errors import InputError

COLUMNS = {"a": pl.Int64, "b": pl.String, "c": pl.Float64}


def read(content: bytes, **options) -> pl.DataFrame:
    return read_delimited(io.BytesIO(content), "file", COLUMNS, **({"separator": "\t"} | options))


@given(st.lists(st.tuples(st.integers(-9, 10**12), st.text("xyz :\"'\u00e9", min_size=1), st.integers(0, 5))))
def test_what_was_written_is_read(rows: list[tuple[int, str, int]]) -> None:
    content = "".join(f"{a}\t{b}\t{c}\n" for a, b, c in rows).encode()
    assert read(content).rows() == rows


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1\tx", "2 values where 3 belong"),
        ("1\tx\t2\t3", "4 values where 3 belong"),
        ("", "0 values"),
        ("one\tx\t2", "column a is 'one', not a number"),
        ("1\tx\tmuch", "column c is 'much', not a number"),
        ("1\t\t2", "column b is empty"),
    ],
)
@pytest.mark.parametrize("place", [0, 1, 4])
def test_a_fault_is_told_with_its_line(line: str, reason: str, place: int, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["1\tx\t2.5"] * 5
    lines[place] = line
    content = ("\n".join(lines) + "\n").encode()
    with pytest.raises(InputError, match=f"file, line {place + 1}: {reason}"):
        read(content)
    monkeypatch.setattr(blocks.line_blocks, "__defaults__", (1, 16))  # blocks of two lines
    with pytest.raises(InputError, match=f"file, line {place + 1}: {reason}"):
        read(content)
    with pytest.raises(InputError, match=f"file, line {place + 2}: {reason}"):
        read(b"a\tb\tc\n" + content, header=True)


def test_separators_of_two_characters_leave_single_ones_alone() -> None:
    assert read(b"1::a: b::2\n", separator="::").rows() == [(1, "a: b", 2.0)]


def test_quotes_count_only_where_they_should() -> None:
    assert read(b'1,"x, y",2\n', separator=",", quoted=True).rows() == [(1, "x, y", 2.0)]
    assert read(b'1\t"x\t2\n').rows() == [(1, '"x', 2.0)]


def test_another_header_is_refused() -> None:
    with pytest.raises(InputError, match="line 1: the header is 'a,b', not 'a,b,c'"):
        read(b"a,b\n", separator=",", header=True)


def test_latin_1_is_decoded_and_optional_values_may_be_empty() -> None:
    assert read(b"1\tcaf\xe9\t2\n", encoding="latin-1").rows() == [(1, "café", 2.0)]
    assert read(b"1\t\t2\n", optional=("b",)).rows() == [(1, None, 2.0)]


def test_wrong_bytes_in_utf_8_are_a_fault() -> None:
    with pytest.raises(InputError, match="file, at or after line 1"):
        read(b"1\tcaf\xe9\t2\n")


def test_an_empty_file_is_an_empty_table() -> None:
    assert read(b"").schema == pl.Schema(COLUMNS)
