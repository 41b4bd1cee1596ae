"""Files that are never half-written, and fingerprints that tell whether something changed."""

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sracl.c_library import c_function

_CHUNK = 1 << 20


def _aside(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")


@contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; rename it onto `path` when the block ends well, else remove it."""
    aside = _aside(path)
    try:
        yield aside
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


@contextmanager
def folder_written_aside(path: Path) -> Iterator[Path]:
    """The same for a whole folder: `path` is replaced by the finished one, or left as it was."""
    aside = _aside(path)
    aside.mkdir()
    try:
        yield aside
        if path.exists():
            shutil.rmtree(path)
        aside.replace(path)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def exchange(one: Path, other: Path) -> None:
    """Have two folders beside each other swap their names, in one step where the system can (Linux), else in three."""
    if not _exchanged(one, other):
        aside = _aside(one)
        one.rename(aside)
        other.rename(one)
        aside.rename(other)


def _exchanged(one: Path, other: Path) -> bool:
    """Whether the system has exchanged the names."""
    rename = c_function("renameat2")
    if rename is None:  # another system than Linux, or an old one
        return False
    here, swap = -100, 2  # AT_FDCWD and RENAME_EXCHANGE of renameat2(2)
    return int(rename(here, os.fsencode(one), here, os.fsencode(other), swap)) == 0


def link_or_copy(source: Path, target: Path) -> None:
    """Give a file a second name; copy it where the file system cannot. Replaces `target`.

    Only for files that are replaced whole, never written in place: else a change would reach both names.
    """
    with written_aside(target) as aside:
        try:
            aside.hardlink_to(source)
        except OSError:
            shutil.copyfile(source, aside)


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented UTF-8 JSON, whole or not at all."""
    with written_aside(path) as aside:
        aside.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def fingerprint(value: Any) -> str:
    """SHA-256 of a JSON-able value, the same for equal values whatever the order of their keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
