"""Blocks lose and cut no line, and know their lines' numbers."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sracl.datasets.raw.blocks import line_blocks
from sracl.errors import InputError


@given(st.lists(st.text("ab\u00e9", max_size=6), max_size=20), st.integers(12, 40), st.booleans())
def test_blocks_are_the_whole_file_in_whole_lines(lines: list[str], size: int, ended: bool) -> None:
    content = "\n".join(lines).encode() + (b"\n" if ended else b"")
    blocks = list(line_blocks(io.BytesIO(content), "f", block_bytes=size))
    assert b"".join(block for _, block in blocks) == content
    assert all(block.endswith(b"\n") for _, block in blocks[:-1])
    before = 0
    for first, block in blocks:
        assert first == before + 1
        before += block.count(b"\n")


def test_a_file_without_line_ends_is_refused_before_it_fills_memory() -> None:
    with pytest.raises(InputError, match="longer than 10 bytes"):
        list(line_blocks(io.BytesIO(b"ok\n" + b"x" * 100), "f", block_bytes=10))
