"""Vectors on disk by encoder and text: embedding goes on where it was, and a changed text re-embeds only itself."""

import hashlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sracl.errors import SraclError
from sracl.write_ahead import BUSY_SECONDS, switch_to_write_ahead


class VectorStore:
    """Vectors of one encoder in a SQLite file, as float32, keyed by the encoder's name and the text's SHA-256.

    What `put` returned from survives `kill -9`. Raises SraclError for a file that is no such store, or damaged.
    """

    def __init__(self, path: Path, encoder: str) -> None:
        self.path, self.encoder = path, encoder
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._explained():
            self._database = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
            try:
                switch_to_write_ahead(self._database)
                self._database.execute("PRAGMA synchronous = NORMAL")
                self._database.execute(
                    "CREATE TABLE IF NOT EXISTS vectors (encoder TEXT NOT NULL, text BLOB NOT NULL, "
                    "vector BLOB NOT NULL, PRIMARY KEY (encoder, text)) WITHOUT ROWID"
                )
            except BaseException:
                self._database.close()
                raise

    def __enter__(self) -> "VectorStore":
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def get(self, texts: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """The vectors of those of the texts that have one, float32 `[D]` each."""
        found: dict[str, NDArray[np.float32]] = {}
        query = "SELECT vector FROM vectors WHERE encoder = ? AND text = ?"
        with self._explained():
            for text in texts:
                row = self._database.execute(query, (self.encoder, _key(text))).fetchone()
                if row is not None:
                    if len(row[0]) % 4:
                        raise SraclError(f"{self.path} is damaged; delete it, and texts are embedded anew")
                    found[text] = np.frombuffer(row[0], dtype="<f4")
        return found

    def known(self, texts: Sequence[str]) -> set[str]:
        """Those of the texts that have a vector."""
        query = "SELECT 1 FROM vectors WHERE encoder = ? AND text = ?"
        with self._explained():
            return {
                text
                for text in texts
                if self._database.execute(query, (self.encoder, _key(text))).fetchone() is not None
            }

    def count(self) -> int:
        """How many vectors of this encoder there are."""
        with self._explained():
            query = "SELECT COUNT(*) FROM vectors WHERE encoder = ?"
            return int(self._database.execute(query, (self.encoder,)).fetchone()[0])

    def put(self, vectors: Mapping[str, NDArray[np.float32]]) -> None:
        """Store vectors by text, in one transaction."""
        rows = [(self.encoder, _key(text), vector.astype("<f4").tobytes()) for text, vector in vectors.items()]
        with self._explained():
            self._database.execute("BEGIN IMMEDIATE")
            try:
                self._database.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", rows)
                self._database.execute("COMMIT")
            except BaseException:
                self._database.execute("ROLLBACK")
                raise

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise SraclError(f"{self.path} cannot be used ({error}); delete it, and texts are embedded anew") from error


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
