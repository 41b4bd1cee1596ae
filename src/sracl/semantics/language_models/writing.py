"""Answers on their way to the disk: stored in batches by one task, so that no slot waits for it."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from sracl.semantics.language_models.request import Answer, Request
from sracl.semantics.language_models.store import AnswerStore

MOST_AT_ONCE = 64
PAUSE = 0.01
"""Seconds in which answers gather before they are stored together: what a killed process may lose."""
ROOM = 4 * MOST_AT_ONCE
"""Answers that may wait for a slow disk; beyond that, nothing more is asked."""


class AnswerWriter:
    """Stores what `put` is given, in `run`, which ends when it is cancelled, and in `drain`.

    on_stored: told each batch when it is on the disk.
    """

    def __init__(self, store: AnswerStore, on_stored: Callable[[list[tuple[Request, Answer]]], None]) -> None:
        self._store = store
        self._on_stored = on_stored
        self._waiting: asyncio.Queue[tuple[Request, Answer]] = asyncio.Queue()
        self._batch: list[tuple[Request, Answer]] = []
        self._room = asyncio.Event()
        self._room.set()

    def put(self, request: Request, answer: Answer) -> None:
        """Store this soon. Does not wait, so that an answer is not lost where its worker is cancelled."""
        self._waiting.put_nowait((request, answer))
        if self._waiting.qsize() >= ROOM:
            self._room.clear()

    async def room(self) -> None:
        """Return when the disk keeps up."""
        await self._room.wait()

    async def run(self) -> None:
        """Store batches of up to 64 answers, at the latest 10 ms after the first. Raises SraclError as the store."""
        while True:
            self._batch.append(await self._waiting.get())
            with suppress(TimeoutError):
                async with asyncio.timeout(PAUSE):
                    while len(self._batch) < MOST_AT_ONCE:
                        self._batch.append(await self._waiting.get())
            await self._write()

    async def drain(self) -> None:
        """Store all that is left; `run` must have ended. What it was storing then is stored again, which is no harm."""
        while not self._waiting.empty():
            self._batch.append(self._waiting.get_nowait())
        if self._batch:
            await self._write()

    async def _write(self) -> None:
        batch = list(self._batch)
        await asyncio.to_thread(self._store.put_many, batch)
        self._batch.clear()
        self._room.set()
        self._on_stored(batch)
