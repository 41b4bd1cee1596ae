"""Requests of many callers scored in one pass: whatever came while the model was busy goes in together."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from sracl.serving.limits import BATCH, WAITING
from sracl.serving.served import Best, Question, ServedModel


class BusyError(Exception):
    """Too many requests wait already."""


class Batcher:
    """Scores questions with the model that they name, in one thread, batch by batch.

    A lone request waits for nobody: a batch is what has gathered while the one before was scored.
    """

    def __init__(self, on_batch: Callable[[int], None] = lambda size: None) -> None:
        self._waiting: list[tuple[ServedModel, Question, asyncio.Future[Best]]] = []
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="scoring")
        self._task: asyncio.Task[None] | None = None
        self._on_batch = on_batch

    async def ask(self, model: ServedModel, question: Question) -> Best:
        """The best items for a question. Raises BusyError where too many wait."""
        if len(self._waiting) >= WAITING:
            raise BusyError
        answer: asyncio.Future[Best] = asyncio.get_running_loop().create_future()
        self._waiting.append((model, question, answer))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work())
        return await answer

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            model = self._waiting[0][0]
            batch = [entry for entry in self._waiting if entry[0] is model and not entry[2].cancelled()][:BATCH]
            taken = {id(entry[2]) for entry in batch}
            self._waiting = [e for e in self._waiting if id(e[2]) not in taken and not e[2].cancelled()]
            if not batch:
                continue
            self._on_batch(len(batch))
            questions = [entry[1] for entry in batch]
            try:
                found: Sequence[Best] = await loop.run_in_executor(self._worker, model.best, questions)
            except Exception as error:  # each caller learns of it, and the next batch is scored
                for _, _, answer in batch:
                    if not answer.done():
                        answer.set_exception(error)
                continue
            for (_, _, answer), best in zip(batch, found, strict=True):
                if not answer.done():
                    answer.set_result(best)

    def close(self) -> None:
        """End the thread."""
        self._worker.shutdown(wait=False, cancel_futures=True)
