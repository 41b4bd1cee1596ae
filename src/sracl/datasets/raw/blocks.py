"""Files of lines read in blocks: memory stays small, and a fault is told with its line."""

from collections.abc import Callable, Iterator
from typing import Protocol, runtime_checkable

import polars as pl

from sracl.errors import InputError


@runtime_checkable
class ByteStream(Protocol):
    """An open file, member of an archive or buffer to read bytes from."""

    def read(self, size: int = -1, /) -> bytes:
        """The next `size` bytes, fewer at the end; all for -1."""

    def readline(self, size: int = -1, /) -> bytes:
        """The next line with its end, cut to `size` bytes."""


BLOCK_BYTES = 1 << 24
"""Bytes read at a time; also the longest line that is accepted."""

Fault = tuple[int, str]
"""A line, counted from 0 within its block, and what is wrong with it."""


def line_blocks(
    stream: ByteStream, source: str, first: int = 1, block_bytes: int = BLOCK_BYTES
) -> Iterator[tuple[int, bytes]]:
    """Whole lines in blocks of about `block_bytes`, each with the number of its first line, starting at `first`.

    Raises InputError for a line longer than a block: it is no file of lines then.
    """
    rest = b""
    while chunk := stream.read(block_bytes):
        chunk = rest + chunk
        end = chunk.rfind(b"\n") + 1
        block, rest = chunk[:end], chunk[end:]
        if len(rest) > block_bytes:
            raise InputError(f"{source}, line {first}: longer than {block_bytes} bytes; this is not a file of lines")
        if block:
            yield first, block
            first += block.count(b"\n")
    if rest:
        yield first, rest


def frame_of_blocks(
    stream: ByteStream,
    source: str,
    parse: Callable[[bytes], pl.DataFrame],
    find_fault: Callable[[bytes], Fault | None],
    required: tuple[str, ...],
    *,
    first_line: int = 1,
) -> pl.DataFrame:
    """Parse a file block by block into one frame.

    parse: makes a frame of a block's lines; its PolarsErrors, and nulls in the `required` columns, are faults.
    find_fault: told the block at fault, finds the line; it is called only then and may be slow.
    source: the file's name for messages. first_line: the number of the first line that `stream` gives.
    Raises InputError with the file's name and the line.
    """
    parts = []
    for first, block in line_blocks(stream, source, first_line):
        try:
            part = parse(block)
        except pl.exceptions.PolarsError as error:
            raise _located(source, first, find_fault(block), str(error).split("\n")[0]) from error
        if required and any(part.select(required).null_count().row(0)):
            raise _located(source, first, find_fault(block), f"a value of {', '.join(required)} is missing")
        parts.append(part)
    return pl.concat(parts) if parts else parse(b"")


def _located(source: str, first: int, fault: Fault | None, otherwise: str) -> InputError:
    where, reason = (f"line {first + fault[0]}", fault[1]) if fault else (f"at or after line {first}", otherwise)
    return InputError(f"{source}, {where}: {reason}; is the file whole and unchanged?")
