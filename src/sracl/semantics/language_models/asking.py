"""Asking for many answers: bounded, limited, budgeted, repeated where it helps, and stored as they come."""

import asyncio
import random
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol, runtime_checkable

from sracl.semantics.language_models.client import FatalError, RejectedError, RetryableError
from sracl.semantics.language_models.limits import RateLimits
from sracl.semantics.language_models.request import Answer, Message, Request
from sracl.semantics.language_models.store import AnswerStore

Usable = Callable[[Request, Answer], str | None]
"""None for an answer that can be used, else the reason why it cannot."""

LOOK_AHEAD = 256
"""Requests looked up in the store and claimed at a time."""
ERRORS_IN_A_ROW = 8
"""Errors of the server or the network that one request outlasts."""
ERRORS_BEFORE_ANY_ANSWER = 4
"""Fewer before the first answer of all: the address may be wrong, or the server not started."""
FIRST_WAIT, LONGEST_WAIT = 0.5, 60.0
"""Seconds before the first repetition, doubled each time, and at most."""


@runtime_checkable
class Client(Protocol):
    """Asks one request; see `ChatClient`."""

    async def ask(self, request: Request) -> Answer:
        """One answer, whatever it says. Raises FatalError, RetryableError or RejectedError."""


@dataclass(frozen=True)
class AskSettings:
    """How to ask. tries: answers of one request that may be unusable.

    max_requests, max_cost: stop before one more request of this call would exceed them. price: cost of (model, prompt
    tokens, completion tokens), None where it is not known. lease: seconds for which a claim on requests holds.
    """

    concurrency: int = 16
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    tries: int = 4
    max_requests: int | None = None
    max_cost: float | None = None
    price: Callable[[str, int, int], float | None] = lambda model, prompt, completion: None
    lease: float = 600.0


@dataclass
class Tally:
    """What was done. asked: calls to the server; from_store: requests that had an answer; cost None: not known.

    stopped: `max_requests` or `max_cost` where a budget ended it, else None.
    """

    asked: int = 0
    answered: int = 0
    from_store: int = 0
    failed: int = 0
    retried: int = 0
    in_flight: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float | None = 0.0
    seconds: float = 0.0
    busy: float = 0.0
    stopped: str | None = None

    @property
    def done(self) -> int:
        """Requests that are settled."""
        return self.answered + self.from_store + self.failed


async def ask_all(
    requests: Iterable[Request],
    client: Client,
    store: AnswerStore,
    usable: Usable,
    settings: AskSettings,
    on_progress: Callable[[Tally], None] = lambda tally: None,
) -> Tally:
    """Ask every request that has no answer in `store`, once each; answers are on disk before they count.

    An unusable answer is sent back with the reason, up to `settings.tries` times; then the request is recorded as
    failed. Errors worth another try wait longer each time. A fixed number of workers pull from `requests`, so that
    slots do not wait for each other and memory does not grow with the number of requests.

    Raises FatalError where nothing would be answered; what was answered before is stored.
    """
    asker = _Asker(client, store, usable, settings, on_progress)
    return await asker.run(iter(requests))


@dataclass
class _Asker:
    """One call of `ask_all`. owner: names this call's claims; mine: the keys it has claimed and not settled."""

    client: Client
    store: AnswerStore
    usable: Usable
    settings: AskSettings
    on_progress: Callable[[Tally], None]
    tally: Tally = field(default_factory=Tally)
    owner: str = field(default_factory=lambda: uuid.uuid4().hex)
    mine: set[str] = field(default_factory=set)
    last_answer: float = float("-inf")

    async def run(self, requests: Iterator[Request]) -> Tally:
        self.limits = RateLimits(self.settings.requests_per_minute, self.settings.tokens_per_minute)
        self.queue: asyncio.Queue[Request | None] = asyncio.Queue(self.settings.concurrency)
        self.begin = time.monotonic()
        workers = [asyncio.create_task(self._work()) for _ in range(self.settings.concurrency)]
        feeder = asyncio.create_task(self._feed(requests))
        renewer = asyncio.create_task(self._renew())
        try:
            await asyncio.gather(feeder, *workers)
        finally:
            for task in (feeder, renewer, *workers):
                task.cancel()
            await asyncio.gather(feeder, renewer, *workers, return_exceptions=True)
            await asyncio.to_thread(self.store.release, self.owner)
            self._told()
        return self.tally

    async def _feed(self, requests: Iterator[Request]) -> None:
        """Put into the queue what must be asked; what another process asks is waited for at the end."""
        seen: set[str] = set()
        elsewhere: list[Request] = []
        while self.tally.stopped is None and (block := await asyncio.to_thread(_next_block, requests, seen)):
            elsewhere += await self._offer(block)
        while self.tally.stopped is None and elsewhere:
            await asyncio.sleep(1.0)
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
            if request.key in claimed and self.tally.stopped is None:
                await self.queue.put(request)
        return [request for request in block if request.key not in answered and request.key not in claimed]

    async def _renew(self) -> None:
        """Renew the claims on what is queued or under way, which may take longer than a claim holds."""
        while True:
            await asyncio.sleep(self.settings.lease / 3)
            await asyncio.to_thread(self.store.claim, list(self.mine), self.owner, self.settings.lease)

    async def _work(self) -> None:
        while (request := await self.queue.get()) is not None:
            if self._within_budget():
                await self._settle(request)
            self.mine.discard(request.key)

    async def _settle(self, request: Request) -> None:
        """Ask until there is a usable answer or no hope of one."""
        conversation, reason, last = request, "", ""
        for attempt in range(self.settings.tries):
            if attempt:
                if not self._within_budget():
                    return
                self.tally.retried += 1
                conversation = _with_reason(request, last, reason)
            try:
                answer = await self._answered(conversation)
            except RejectedError as error:
                reason = str(error)
                break
            except RetryableError as error:
                reason = f"{error}, {ERRORS_IN_A_ROW} times in a row"
                break
            reason = self.usable(request, answer) or ""
            if not reason:
                await asyncio.to_thread(self.store.put, request, answer)
                self.tally.answered += 1
                self._told()
                return
            last = answer.text
        await asyncio.to_thread(self.store.fail, request, reason, last)
        self.tally.failed += 1
        self._told()

    async def _answered(self, request: Request) -> Answer:
        """One answer, over as many errors in a row as a request outlasts. Raises the last one.

        Raises FatalError where no other request was answered in the meantime either: then it is the server's fault.
        """
        estimate = sum(len(message.content) for message in request.messages) // 4
        first = time.monotonic()
        for error_number in range(ERRORS_IN_A_ROW):
            await self.limits.wait(estimate)
            begin = time.monotonic()
            self.tally.in_flight += 1
            self.tally.asked += 1
            try:
                answer = await self.client.ask(request)
            except RetryableError as error:
                never = self.last_answer == float("-inf")
                if error_number == (ERRORS_BEFORE_ANY_ANSWER if never else ERRORS_IN_A_ROW) - 1:
                    if self.last_answer < first:
                        raise FatalError(
                            f"{error}, {error_number + 1} times in a row, and no other request was answered; what was "
                            "answered before is stored, and the same command goes on from there"
                        ) from error
                    raise
                await self._back_off(error, error_number)
                continue
            finally:
                self.tally.in_flight -= 1
                self.tally.busy += time.monotonic() - begin
            self._count(request, answer, estimate)
            return answer
        raise AssertionError("unreachable: the last error is raised")

    async def _back_off(self, error: RetryableError, error_number: int) -> None:
        self.tally.retried += 1
        wait = error.wait
        if wait is None:
            wait = min(LONGEST_WAIT, FIRST_WAIT * 2**error_number) * random.uniform(0.5, 1.5)
        if error.throttled:
            # Who throttles one request throttles all: asking on would only be refused.
            self.limits.pause(wait)
        else:
            await asyncio.sleep(wait)

    def _count(self, request: Request, answer: Answer, estimate: int) -> None:
        self.last_answer = time.monotonic()
        tokens = answer.prompt_tokens + answer.completion_tokens
        self.limits.used(estimate, tokens)
        self.tally.prompt_tokens += answer.prompt_tokens
        self.tally.completion_tokens += answer.completion_tokens
        cost = self.settings.price(request.model, answer.prompt_tokens, answer.completion_tokens)
        self.tally.cost = None if cost is None or self.tally.cost is None else self.tally.cost + cost

    def _within_budget(self) -> bool:
        settings, tally = self.settings, self.tally
        if settings.max_requests is not None and tally.asked >= settings.max_requests:
            tally.stopped = "max_requests"
        if settings.max_cost is not None and tally.cost is not None and tally.cost >= settings.max_cost:
            tally.stopped = "max_cost"
        return tally.stopped is None

    def _told(self) -> None:
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


def _with_reason(request: Request, answer: str, reason: str) -> Request:
    """The same question once more, after the unusable answer and why it was."""
    note = f"That cannot be used: {reason}. Answer again, as first asked."
    return replace(request, messages=(*request.messages, Message("assistant", answer or "-"), Message("user", note)))


__all__ = ["AskSettings", "Client", "FatalError", "Tally", "Usable", "ask_all"]
