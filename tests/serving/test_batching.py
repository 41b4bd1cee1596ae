"""Requests are scored together, and each gets its own answer."""

import asyncio
import threading

import numpy as np
import pytest

from sracl.serving import batching
from sracl.serving.batching import Batcher, BusyError
from sracl.serving.served import Best, Question


class Slow:
    """A model that answers with the history it is given, once it may."""

    def __init__(self) -> None:
        self.may, self.sizes = threading.Event(), []

    def best(self, questions) -> list[Best]:
        self.may.wait(10)
        self.sizes.append(len(questions))
        if any(question.k == 13 for question in questions):
            raise RuntimeError("thirteen")
        return [Best(question.history.tolist(), []) for question in questions]


def question(number: int, k: int = 1) -> Question:
    return Question(np.array([number]), k, np.empty(0, dtype=np.int64))


async def started(batcher: Batcher, model: Slow, questions: list[Question]) -> list[asyncio.Task]:
    tasks = []
    for one in questions:
        tasks.append(asyncio.create_task(batcher.ask(model, one)))
        await asyncio.sleep(0.01)
    return tasks


def test_what_comes_while_the_model_is_busy_goes_in_together() -> None:
    async def scene() -> None:
        model, batcher = Slow(), Batcher()
        tasks = await started(batcher, model, [question(number) for number in range(8)])
        model.may.set()
        assert [best.items for best in await asyncio.gather(*tasks)] == [[number] for number in range(8)]
        assert model.sizes == [1, 7]

    asyncio.run(scene())


def test_batches_hold_one_model_and_no_more_than_the_limit(monkeypatch) -> None:
    monkeypatch.setattr(batching, "BATCH", 3)

    async def scene() -> None:
        one, other, batcher = Slow(), Slow(), Batcher()
        tasks = await started(batcher, one, [question(0)])
        tasks += await started(batcher, other, [question(1)])
        tasks += await started(batcher, one, [question(number) for number in range(2, 7)])
        one.may.set()
        other.may.set()
        assert [best.items for best in await asyncio.gather(*tasks)] == [[number] for number in range(7)]
        assert sum(one.sizes) == 6
        assert max(one.sizes) == 3
        assert other.sizes == [1]

    asyncio.run(scene())


def test_a_failure_reaches_its_callers_and_the_next_batch_is_scored() -> None:
    async def scene() -> None:
        model, batcher = Slow(), Batcher()
        model.may.set()
        with pytest.raises(RuntimeError, match="thirteen"):
            await batcher.ask(model, question(1, k=13))
        assert (await batcher.ask(model, question(2))).items == [2]

    asyncio.run(scene())


def test_a_caller_that_went_away_is_not_waited_for() -> None:
    async def scene() -> None:
        model, batcher = Slow(), Batcher()
        tasks = await started(batcher, model, [question(number) for number in range(3)])
        tasks[1].cancel()
        model.may.set()
        assert (await tasks[0]).items == [0]
        assert (await tasks[2]).items == [2]
        assert sum(model.sizes) == 2

    asyncio.run(scene())


def test_too_many_are_told_to_come_back(monkeypatch) -> None:
    monkeypatch.setattr(batching, "WAITING", 2)

    async def scene() -> None:
        model, batcher = Slow(), Batcher()
        tasks = await started(batcher, model, [question(number) for number in range(3)])
        with pytest.raises(BusyError):
            await batcher.ask(model, question(9))
        model.may.set()
        await asyncio.gather(*tasks)

    asyncio.run(scene())
