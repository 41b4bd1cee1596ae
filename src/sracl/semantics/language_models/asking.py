"""Asking for many answers: bounded, limited, budgeted, repeated where it helps, and stored as they come."""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sracl.semantics.language_models.limits import Budget, RateLimits
from sracl.semantics.language_models.owners import new_owner
from sracl.semantics.language_models.request import Answer, Request
from sracl.semantics.language_models.server_errors import FatalError
from sracl.semantics.language_models.settling import Client, Failure, Settler, Usable
from sracl.semantics.language_models.store import AnswerStore
from sracl.semantics.language_models.tally import AskSettings, Tally

LOOK_AHEAD = 256
"""Requests looked up in the store and claimed at a time."""
MOST_ELSEWHERE = 1_024
"""Requests of other processes that are remembered before they are looked up again, so that memory stays flat."""
LOOK_AGAIN = 1.0
"""Seconds between looks at what other processes ask."""


async def ask_all(
    requests: Iterable[Request],
    client: Client,
    store: AnswerStore,
    usable: Usable,
    settings: AskSettings,
    on_progress: Callable[[Tally], None] = lambda tally: None,
    total: int | None = None,
) -> Tally:
    """Ask every request that has no answer in `store`, once each; answers are on disk before they count.

    An unusable answer is sent back with the reason, up to `settings.tries` times; then the request is recorded as
    failed. Errors worth another try wait longer each time. A fixed number of workers pull from `requests`, so that
    slots do not wait for each other and memory does not grow with the number of requests. What a killed process had
    under way is asked again: no more than `settings.concurrency` requests.
    total: how many `requests` gives, where it is known, for the time left.

    Raises FatalError where nothing would be answered, SraclError where the store fails. Then, and where it is
    cancelled, what was answered before is stored and claims are given back.
    """
    asker = _Asker(client, store, usable, settings, on_progress, Tally(total))
    return await asker.run(iter(requests))


@dataclass
class _Asker:
    """One call of `ask_all`. owner: names this call's claims; mine: the keys it has claimed and not settled."""

    client: Client
    store: AnswerStore
    usable: Usable
    settings: AskSettings
    on_progress: Callable[[Tally], None]
    tally: Tally
    owner: str = field(default_factory=new_owner)
    mine: set[str] = field(default_factory=set)

    async def run(self, requests: Iterator[Request]) -> Tally:
        settings = self.settings
        limits = RateLimits(settings.requests_per_minute, settings.tokens_per_minute)
        self.budget = Budget(settings.max_requests, settings.max_cost)
        self.settler = Settler(self.client, self.usable, settings, limits, self.budget, self.tally)
        self.queue: asyncio.Queue[Request | None] = asyncio.Queue(settings.concurrency)
        self.begin = time.monotonic()
        work = asyncio.gather(self._feed(requests), *(self._work() for _ in range(settings.concurrency)))
        tasks: list[asyncio.Future[Any]] = [work, asyncio.create_task(self._renew())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for one in done:
                one.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.to_thread(self.store.release, self.owner)
            self._told()
        return self.tally

    async def _feed(self, requests: Iterator[Request]) -> None:
        """Put into the queue what must be asked; what another process asks is waited for at the end."""
        seen: set[str] = set()
        elsewhere: list[Request] = []
        await asyncio.to_thread(self.store.release_dead)
        while not self.budget.stopped and (block := await asyncio.to_thread(_next_block, requests, seen)):
            elsewhere += await self._offer(block)
            if len(elsewhere) > MOST_ELSEWHERE:
                elsewhere = await self._offer(elsewhere)
        while not self.budget.stopped and elsewhere:
            await asyncio.sleep(LOOK_AGAIN)
            await asyncio.to_thread(self.store.release_dead)
            elsewhere = await self._offer(elsewhere)
        for _ in range(self.settings.concurrency):
            await self.queue.put(None)

    async def _offer(self, block: list[Request]) -> list[Request]:
        """Queue those of a block that are free; returns those that another process has claimed."""
        keys = [request.key for request in block]
        answered = await asyncio.to_thread(self.store.answered, keys)
        wanted = [key for key in keys if key not in answered]
        claimed = await asyncio.to_thread(self.store.claim, wanted, self.owner, self.settings.lease)
        self.mine |= claimed
        self.tally.from_store += len(answered)
        self._told()
        for request in block:
            if request.key in claimed and not self.budget.stopped:
                await self.queue.put(request)
        return [request for request in block if request.key not in answered and request.key not in claimed]

    async def _renew(self) -> None:
        """Renew the claims on what is queued or under way, which may take longer than a claim holds."""
        while True:
            await asyncio.sleep(self.settings.lease / 3)
            await asyncio.to_thread(self.store.claim, list(self.mine), self.owner, self.settings.lease)

    async def _work(self) -> None:
        while (request := await self.queue.get()) is not None:
            match None if self.budget.stopped else await self.settler.settle(request):
                case None:
                    continue
                case Answer() as answer:
                    # Here and now, in a third of a millisecond: a killed process loses what it had under way, no more.
                    self.store.put(request, answer)
                    self.tally.answered += 1
                case Failure(reason, last_answer):
                    await asyncio.to_thread(self.store.fail, request, reason, last_answer)
                    self.tally.failed += 1
            self.mine.discard(request.key)
            self._told()

    def _told(self) -> None:
        self.tally.stopped = self.budget.stopped
        self.tally.seconds = time.monotonic() - self.begin
        self.on_progress(self.tally)


def _next_block(requests: Iterator[Request], seen: set[str]) -> list[Request]:
    """Up to LOOK_AHEAD requests that were not seen before; equal ones are asked once."""
    block: list[Request] = []
    for request in requests:
        if request.key not in seen:
            seen.add(request.key)
            block.append(request)
            if len(block) == LOOK_AHEAD:
                break
    return block


__all__ = ["AskSettings", "Client", "FatalError", "Tally", "Usable", "ask_all"]
