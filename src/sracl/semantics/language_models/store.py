"""The store of answers: one SQLite file, so that what was paid for is never asked again."""

import json
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from sracl.errors import SraclError
from sracl.semantics.language_models.migrations import MIGRATIONS
from sracl.semantics.language_models.owners import is_dead
from sracl.semantics.language_models.records import Record, as_json, now, storable
from sracl.semantics.language_models.request import Answer, Request
from sracl.write_ahead import BUSY_SECONDS, switch_to_write_ahead

KEYS_A_QUERY = 10_000
LONGEST_LAST_ANSWER = 2_000
"""Characters kept of an answer that could not be used."""

_COLUMNS = ", ".join(Record._fields)
_PUT = f"INSERT OR IGNORE INTO answers ({_COLUMNS}) VALUES ({', '.join('?' * len(Record._fields))})"  # noqa: S608
_PAGE = f"SELECT {_COLUMNS} FROM answers WHERE key > ? ORDER BY key LIMIT ?"  # noqa: S608
_FAIL = (
    "INSERT INTO failures (key, model, request, reason, last_answer, attempts, time) "
    "SELECT :key, :model, :request, :reason, :last_answer, 1, :time "
    "WHERE NOT EXISTS (SELECT 1 FROM answers WHERE key = :key) ON CONFLICT (key) DO UPDATE SET "
    "reason = excluded.reason, last_answer = excluded.last_answer, time = excluded.time, attempts = attempts + 1"
)


@dataclass(frozen=True)
class Totals:
    """What a store holds of one model; tokens as the server billed them."""

    model: str
    answers: int
    failures: int
    prompt_tokens: int
    completion_tokens: int


class AnswerStore:
    """Answers by the key of their request. Several processes and threads may use one file at the same time.

    What `put` or `put_many` returned from survives `kill -9` of the process. A cut of the power can lose the last
    moments (SQLite's write-ahead log with synchronous NORMAL), never the file.

    Raises SraclError for a file that is no store, damaged, or written by a newer version.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        with self._explained():
            self._database = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
            try:
                self._prepare()
            except BaseException:
                self._database.close()
                raise

    def __enter__(self) -> "AnswerStore":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def put(self, request: Request, answer: Answer) -> None:
        """Store a usable answer; it is on disk when this returns."""
        self.put_many([(request, answer)])

    def put_many(self, pairs: Iterable[tuple[Request, Answer]]) -> None:
        """Store usable answers in one transaction; a first answer stays. Their failures and claims go."""
        self.put_records(Record.of(request, answer) for request, answer in pairs)

    def put_records(self, records: Iterable[Record]) -> int:
        """`put_many` for what `records` gave, their times kept; returns how many of them are new."""
        rows = list(records)
        if not rows:
            return 0
        keys = [(row.key,) for row in rows]
        with self._transaction() as database:
            new = database.executemany(_PUT, rows).rowcount
            database.executemany("DELETE FROM failures WHERE key = ?", keys)
            database.executemany("DELETE FROM claims WHERE key = ?", keys)
        return new

    def get(self, key: str) -> Answer | None:
        """The answer to a request, or None."""
        return self.get_many([key]).get(key)

    def get_many(self, keys: Sequence[str]) -> dict[str, Answer]:
        """The answers to those of the requests that have one, by key."""
        found: dict[str, Answer] = {}
        query = (
            "SELECT key, text, finish_reason, prompt_tokens, completion_tokens FROM answers "
            "WHERE key IN (SELECT value FROM json_each(?))"
        )
        for rows in self._by_keys(query, keys):
            found |= {key: Answer(*rest) for key, *rest in rows}
        return found

    def answered(self, keys: Sequence[str]) -> set[str]:
        """Those of the keys that have an answer."""
        query = "SELECT key FROM answers WHERE key IN (SELECT value FROM json_each(?))"
        return {key for rows in self._by_keys(query, keys) for (key,) in rows}

    def claim(self, keys: Sequence[str], owner: str, seconds: float) -> set[str]:
        """Take the keys that are neither answered nor claimed by another owner; own claims are renewed.

        So that no two processes ask the same. A claim ends after so many seconds, for its process may have died.
        """
        now = time.time()
        with self._transaction() as database:
            taken = set()
            for part in _parts(keys):
                free = database.execute(
                    "SELECT value FROM json_each(?) AS wanted "
                    "WHERE NOT EXISTS (SELECT 1 FROM answers WHERE answers.key = wanted.value) "
                    "AND NOT EXISTS (SELECT 1 FROM claims WHERE claims.key = wanted.value "
                    "AND claims.owner != ? AND claims.until > ?)",
                    (json.dumps(part), owner, now),
                ).fetchall()
                taken |= {key for (key,) in free}
            database.executemany(
                "INSERT OR REPLACE INTO claims VALUES (?, ?, ?)", [(key, owner, now + seconds) for key in taken]
            )
        return taken

    def release_dead(self) -> None:
        """Give back the claims of this machine's processes that are no more."""
        with self._transaction() as database:
            owners = [owner for (owner,) in database.execute("SELECT DISTINCT owner FROM claims").fetchall()]
            dead = [(owner,) for owner in owners if is_dead(owner)]
            database.executemany("DELETE FROM claims WHERE owner = ?", dead)

    def release(self, owner: str) -> None:
        """Give all of an owner's claims back."""
        with self._transaction() as database:
            database.execute("DELETE FROM claims WHERE owner = ?", (owner,))

    def fail(self, request: Request, reason: str, last_answer: str) -> None:
        """Record that a request got no usable answer. It may be asked again later, and is no answer.

        Nothing is recorded of a request that has an answer, such as another process's.
        """
        row = {
            "key": request.key,
            "model": request.model,
            "request": as_json(request),
            "reason": storable(reason),
            "last_answer": storable(last_answer[:LONGEST_LAST_ANSWER]),
            "time": now(),
        }
        with self._transaction() as database:
            database.execute(_FAIL, row)
            database.execute("DELETE FROM claims WHERE key = ?", (request.key,))

    def failures(self) -> pl.DataFrame:
        """Columns `key, model, reason, last_answer, attempts, time`, the latest first."""
        names = ("key", "model", "reason", "last_answer", "attempts", "time")
        with self._reading() as database:
            rows = database.execute(f"SELECT {', '.join(names)} FROM failures ORDER BY time DESC, key").fetchall()  # noqa: S608
        schema = dict.fromkeys(names, pl.String()) | {"attempts": pl.Int64()}
        return pl.DataFrame(rows, schema=schema, orient="row")

    def totals(self) -> list[Totals]:
        """What is held, a model each."""
        with self._reading() as database:
            rows = database.execute(
                "SELECT model, SUM(answered), SUM(1 - answered), SUM(prompt), SUM(completion) FROM ("
                "SELECT model, 1 AS answered, prompt_tokens AS prompt, completion_tokens AS completion FROM answers "
                "UNION ALL SELECT model, 0, 0, 0 FROM failures) GROUP BY model ORDER BY model"
            ).fetchall()
        return [Totals(*row) for row in rows]

    def records(self, block: int = KEYS_A_QUERY) -> Iterator[list[Record]]:
        """All answers in blocks, by their keys; what others put meanwhile may or may not be among them."""
        last = ""
        while True:
            with self._reading() as database:
                rows = database.execute(_PAGE, (last, block)).fetchall()
            if not rows:
                return
            yield [Record(*row) for row in rows]
            last = rows[-1][0]

    def _prepare(self) -> None:
        version = self._version()
        switch_to_write_ahead(self._database)
        self._database.execute("PRAGMA synchronous = NORMAL")
        for number in range(version, len(MIGRATIONS)):
            with self._transaction() as database:
                # Another process may have come first while this one waited.
                if database.execute("PRAGMA user_version").fetchone()[0] == number:
                    for statement in MIGRATIONS[number]:
                        database.execute(statement)
                    database.execute(f"PRAGMA user_version = {number + 1}")

    def _version(self) -> int:
        """The file's format, 0 for a new file. Changes nothing. Raises SraclError for a wrong file."""
        # In one transaction: another process may be making the store at this moment.
        self._database.execute("BEGIN")
        version = int(self._database.execute("PRAGMA user_version").fetchone()[0])
        foreign = version == 0 and self._database.execute("SELECT 1 FROM sqlite_master").fetchone() is not None
        self._database.execute("COMMIT")
        if foreign:
            raise SraclError(f"{self.path} is another program's database; give another file as semantics.writer.store")
        if version > len(MIGRATIONS):
            raise SraclError(
                f"{self.path} was written by a newer version of sracl (format {version}, known {len(MIGRATIONS)}); "
                "update sracl"
            )
        return version

    def _by_keys(self, query: str, keys: Sequence[str]) -> Iterator[list[Any]]:
        for part in _parts(keys):
            with self._reading() as database:
                rows = database.execute(query, (json.dumps(part),)).fetchall()
            yield rows

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._explained():
            yield self._database

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._explained():
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise SraclError(
                f"the store of answers {self.path} cannot be used now ({error}); see whether its disk is full or not "
                "writable, or another process holds it"
            ) from error
        except sqlite3.DatabaseError as error:
            raise SraclError(
                f"the store of answers {self.path} cannot be used ({error}); "
                "move it away, or give another file as semantics.writer.store"
            ) from error


def _parts(keys: Sequence[str]) -> Iterator[list[str]]:
    for begin in range(0, len(keys), KEYS_A_QUERY):
        yield list(keys[begin : begin + KEYS_A_QUERY])
