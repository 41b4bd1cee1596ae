"""Files for a provider's batch interface, which answers within a day, often for half the price.

The format is OpenAI's JSONL: a line a request, `{"custom_id", "method", "url", "body"}`, and a line an answer,
`{"custom_id", "response": {"status_code", "body"}, "error"}`, in any order. A request's key is its `custom_id`.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from sracl.errors import InputError, SraclError
from sracl.files import folder_written_aside
from sracl.semantics.language_models.completion import read_completion
from sracl.semantics.language_models.request import Answer, Request
from sracl.semantics.language_models.store import AnswerStore

MAX_REQUESTS = 50_000
MAX_BYTES = 100_000_000
URL = "/v1/chat/completions"
BLOCK = 256
"""Answers stored at a time."""
NO_ANSWER = Answer("", "error", 0, 0)


def write_batches(
    requests: Iterable[Request], folder: Path, max_requests: int = MAX_REQUESTS, max_bytes: int = MAX_BYTES
) -> list[Path]:
    """Write requests to `batch-0001.jsonl` and so on in a new folder, all or none; returns the files in order.

    Equal requests are written once, and a file holds one model's only, for providers refuse others. Leave out what the
    store has answered. max_requests, max_bytes: a file's limits. Raises InputError where the folder holds something
    already, or one request alone is longer than `max_bytes`; SraclError where nothing can be written.
    """
    if max_requests < 1:
        raise InputError(f"max_requests is {max_requests}; a file must hold one request at least")
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise InputError(f"{folder} holds something already, which may be sent twice; give a new folder")
        with folder_written_aside(folder) as aside, ExitStack() as opened:
            files = _Files(aside, max_requests, max_bytes, opened)
            seen: set[str] = set()
            for request in requests:
                if request.key not in seen:
                    seen.add(request.key)
                    files.add(request)
    except OSError as error:
        raise SraclError(f"{folder} cannot be written ({error}); free some space, or give another folder") from error
    return [folder / name for name in files.names]


@dataclass
class _Part:
    """The file of a model that is being filled."""

    file: BinaryIO
    requests: int = 0
    bytes: int = 0


@dataclass
class _Files:
    """The files of one call of `write_batches`; of every model, the last one is open."""

    folder: Path
    max_requests: int
    max_bytes: int
    opened: ExitStack
    names: list[str] = field(default_factory=list)
    parts: dict[str, _Part] = field(default_factory=dict)

    def add(self, request: Request) -> None:
        line = _line(request)
        if len(line) > self.max_bytes:
            raise InputError(f"the request {request.key} has {len(line)} bytes, more than max_bytes = {self.max_bytes}")
        part = self.parts.get(request.model)
        if part is None or part.requests == self.max_requests or part.bytes + len(line) > self.max_bytes:
            part = self.parts[request.model] = self._next(part)
        part.file.write(line)
        part.requests += 1
        part.bytes += len(line)

    def _next(self, full: _Part | None) -> _Part:
        if full is not None:
            full.file.close()
        self.names.append(f"batch-{len(self.names) + 1:04d}.jsonl")
        return _Part(self.opened.enter_context((self.folder / self.names[-1]).open("wb")))


def _line(request: Request) -> bytes:
    body = {"model": request.model, "messages": request.as_messages(), **request.parameters}
    whole = {"custom_id": request.key, "method": "POST", "url": URL, "body": body}
    # Without line breaks of any kind: some readers split lines at U+2028 too, so that all but ASCII is escaped.
    return json.dumps(whole).encode("ascii") + b"\n"


@dataclass
class BatchCounts:
    """What a file of answers held: lines with usable answers, with none, and of requests that were not asked for.

    damaged: what is wrong, by the number of the line, from 1; such lines changed nothing.
    """

    stored: int = 0
    failed: int = 0
    unknown: int = 0
    damaged: dict[int, str] = field(default_factory=dict)


def read_batch_answers(
    path: Path,
    requests: Mapping[str, Request],
    store: AnswerStore,
    usable: Callable[[Request, Answer], str | None],
) -> BatchCounts:
    """Store the usable answers of a provider's output or error file; what has none joins the store's failures.

    requests: by key, those of the batch. usable: None for a good answer, else why it is not. Reading a file twice does
    no harm: first answers stay. Raises InputError where the file cannot be read.
    """
    counts = BatchCounts()
    good: list[tuple[Request, Answer]] = []
    for number, line in _lines(path):
        try:
            key, answer, trouble = _read_line(line)
        except ValueError as error:
            counts.damaged[number] = str(error)
            continue
        request = requests.get(key)
        if request is None:
            counts.unknown += 1
            continue
        reason = trouble or usable(request, answer)
        if reason is not None:
            counts.failed += 1
            store.fail(request, reason, answer.text)
            continue
        counts.stored += 1
        good.append((request, answer))
        if len(good) == BLOCK:
            store.put_many(good)
            good.clear()
    store.put_many(good)
    return counts


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines that are not blank, with their numbers from 1."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield number, line
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error}); give the file that the provider's batch left") from error


def _read_line(line: bytes) -> tuple[str, Answer, str | None]:
    """A line's key, its answer, and the reason if there is none. Raises ValueError for a damaged line."""
    try:
        whole = json.loads(line.decode("utf-8-sig"))
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    match whole:
        case {"custom_id": str(key), "response": {"status_code": int(status), "body": body}} if status < 300:
            return key, read_completion(body), None
        case {"custom_id": str(key), "response": {"status_code": int(status), "body": body}}:
            return key, NO_ANSWER, f"the batch answers {status}{_message(body)}"
        case {"custom_id": str(key), "error": {} as error}:
            return key, NO_ANSWER, f"the batch gives no answer{_message({'error': error})}"
    raise ValueError("it has no custom_id with a response or an error")


def _message(body: Any) -> str:
    """What the provider says about an error, if anything."""
    match body:
        case {"error": {"message": str(text)}} | {"error": {"code": str(text)}}:
            return f": {' '.join(text.split())[:200]}"
    return ""
