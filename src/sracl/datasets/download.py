"""Files from the network that are whole or not there: resumed where they broke off, checked before they count."""

import http.client
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from io import BufferedWriter
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from sracl.errors import InputError, SraclError
from sracl.files import file_sha256, write_json

_CHUNK = 1 << 18
_BROKEN = (http.client.HTTPException, OSError)  # URLError, cut connections and time-outs are all OSErrors

Advance = Callable[[int, int | None], None]
"""Told the bytes had so far and the bytes in all (None: not known)."""


def cache_folder() -> Path:
    """Folder for what is downloaded: the variable SRACL_CACHE, else `sracl` in XDG_CACHE_HOME or `~/.cache`."""
    own = os.environ.get("SRACL_CACHE")
    if own:
        return Path(own).expanduser()
    shared = os.environ.get("XDG_CACHE_HOME", "")
    # The XDG specification has relative paths ignored.
    return (Path(shared) if Path(shared).is_absolute() else Path.home() / ".cache") / "sracl"


def download(
    url: str,
    target: Path,
    *,
    sha256: str | None = None,
    timeout: float = 30.0,
    attempts: int = 3,
    progress: bool = True,
) -> Path:
    """Download `url` to `target`, which appears only when it is whole and has the checksum; gives `target`.

    What came before a break stays in `TARGET.part` (beside it `TARGET.part.json`, which says what it is part of) and is
    continued, within `attempts` and by the next call, if the server has the same file still; else it starts anew.

    sha256: expected checksum in hexadecimal; None: whatever comes, if its length is as announced.
    timeout: seconds without an answer or further bytes until the connection counts as broken.
    Raises InputError for an address that is not http or https, SraclError where the server cannot be reached, refuses,
    or sends something with another checksum (the part is removed then).
    """
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise InputError(f"{url!r} is no address to download from; it must start with http:// or https://")
    part = _Part(target.with_name(f"{target.name}.part"), url, sha256 is not None)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _bar(target.name, progress) as advance:
            _fetch(part, timeout, attempts, advance)
        if sha256 is not None and (found := file_sha256(part.path)) != sha256.lower():
            part.remove()
            raise SraclError(
                f"{url} has the SHA-256 {found}, not {sha256}: it was changed or tampered with.\n"
                "Nothing was kept; try again, and if it stays so, do not use this source."
            )
        part.path.replace(target)
        part.remove()
    except OSError as error:
        raise SraclError(f"{target} cannot be written ({error}); free some space, or set SRACL_CACHE") from error
    return target


@dataclass(frozen=True)
class _Part:
    """The bytes had so far, and the server's mark (ETag or date) of the file they belong to."""

    path: Path
    url: str
    checked: bool

    @property
    def _note(self) -> Path:
        return self.path.with_name(f"{self.path.name}.json")

    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def headers(self) -> dict[str, str]:
        """What to ask for: the rest if it is sure to fit what is there, else the whole."""
        size, mark = self.size(), self._mark()
        if not size or (mark is None and not self.checked):
            return {}
        return {"Range": f"bytes={size}-"} | ({"If-Range": mark} if mark else {})

    def _mark(self) -> str | None:
        try:
            note = json.loads(self._note.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None  # no note, or a damaged one: the part cannot be trusted to fit, and is asked for anew
        mark = note.get("mark") if isinstance(note, dict) and note.get("url") == self.url else None
        return mark if isinstance(mark, str) and re.fullmatch(r"[\x20-\x7e]+", mark) else None

    def start(self, headers: Message) -> None:
        """Empty the part, and note the mark of the file that will now be written to it."""
        etag = headers.get("ETag", "")
        # A weak ETag (W/"...") does not promise equal bytes, so that servers ignore it in If-Range.
        mark = etag if etag.startswith('"') else headers.get("Last-Modified")
        self.path.write_bytes(b"")
        write_json(self._note, {"url": self.url, "mark": mark})

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)


class _BrokenOffError(OSError):
    """Fewer bytes came than were announced."""


def _fetch(part: _Part, timeout: float, attempts: int, advance: Advance) -> None:
    """Make the part whole, in up to `attempts` requests."""
    host = urlsplit(part.url).hostname
    for attempt in range(1, attempts + 1):
        try:
            return _request(part, timeout, advance)
        except HTTPError as error:
            error.close()
            raise SraclError(
                f"{host} refuses {part.url}: {error.code} {error.reason}; see whether the address is still right"
            ) from error
        except _WriteError as error:
            raise error.cause from error
        except _BROKEN as error:
            if attempt == attempts:
                raise SraclError(_unreachable(part, error)) from error
    raise InputError("attempts must be 1 or more")


def _unreachable(part: _Part, error: Exception) -> str:
    reason = error.reason if isinstance(error, URLError) else error
    size, target = part.size(), part.path.with_suffix("")
    if size:
        return (
            f"the download of {part.url} broke off after {size} bytes ({reason}).\nRun the same again to continue, "
            f"or put the file at {target} by hand."
        )
    return (
        f"{part.url} cannot be reached ({reason}).\nCheck the network (and HTTPS_PROXY), or download the file on "
        f"another machine and put it at {target}."
    )


class _WriteError(Exception):
    """The disk's error, told apart from the network's, which are OSErrors too."""

    def __init__(self, cause: OSError) -> None:
        super().__init__(str(cause))
        self.cause = cause


def _request(part: _Part, timeout: float, advance: Advance) -> None:
    """Ask for what is missing and append it; the part is whole when this returns."""
    asked = part.headers()
    # `identity`: a compressed answer would have other lengths and bytes than the file.
    request = Request(part.url, headers={"User-Agent": "sracl", "Accept-Encoding": "identity"} | asked)  # noqa: S310
    try:
        answer = urlopen(request, timeout=timeout)  # noqa: S310 - the scheme was checked
    except HTTPError as error:
        if error.code != 416 or not asked:
            raise
        error.close()
        # Either nothing is left to send, or the part is longer than the file and worth nothing.
        if error.headers.get("Content-Range") != f"bytes */{part.size()}":
            part.remove()
            _request(part, timeout, advance)
        return
    with answer:
        if answer.status == 206:
            _check_range(answer.headers.get("Content-Range", ""), part)
        else:
            _start(part, answer.headers)
        _receive(answer, part, advance)


def _check_range(content_range: str, part: _Part) -> None:
    match = re.fullmatch(r"bytes (\d+)-\d+/(?:\d+|\*)", content_range)
    if not match or int(match[1]) != part.size():
        part.remove()
        raise _BrokenOffError(f"the server sent {content_range!r} instead of the rest")


def _receive(answer: Any, part: _Part, advance: Advance) -> None:
    announced = answer.headers.get("Content-Length")
    had = part.size()
    total = had + int(announced) if announced is not None and announced.isdigit() else None
    with part.path.open("ab") as file:
        while chunk := answer.read(_CHUNK):
            _append(file, chunk)
            had += len(chunk)
            advance(had, total)
    if total is not None and had != total:
        raise _BrokenOffError(f"{had} of {total} bytes came")


def _start(part: _Part, headers: Message) -> None:
    try:
        part.start(headers)
    except OSError as error:
        raise _WriteError(error) from error


def _append(file: BufferedWriter, chunk: bytes) -> None:
    try:
        file.write(chunk)
        file.flush()  # a full disk shows here, not when the file is closed
    except OSError as error:
        raise _WriteError(error) from error


@contextmanager
def _bar(name: str, shown: bool) -> Iterator[Advance]:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    console = Console(stderr=True)
    with Progress(*columns, TimeRemainingColumn(), console=console, disable=not shown, transient=True) as bar:
        task = bar.add_task(name, total=None)

        def advance(had: int, total: int | None) -> None:
            bar.update(task, completed=had, total=total)

        yield advance
