"""One request until it has a usable answer or no hope of one: tries, errors, waits, and what they cost."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

from sracl.semantics.language_models.limits import Budget, RateLimits
from sracl.semantics.language_models.request import Answer, Message, Request
from sracl.semantics.language_models.server_errors import FatalError, RejectedError, RetryableError
from sracl.semantics.language_models.tally import AskSettings, Tally
from sracl.semantics.language_models.tokens import prompt_tokens

Usable = Callable[[Request, Answer], str | None]
"""None for an answer that can be used, else the reason why it cannot."""

ERRORS_IN_A_ROW = 8
"""Errors of the server or the network that count as one try of a request."""
ERRORS_BEFORE_ANY_ANSWER = 4
"""Fewer before the first answer of all: the address may be wrong, or the server not started."""
REJECTIONS_IN_A_ROW = 20
"""Requests refused without any answer in between: then it is the settings that the server refuses."""
FIRST_WAIT, LONGEST_WAIT = 0.5, 60.0
"""Seconds before the first repetition, doubled each time, and at most."""
PATIENCE = 3_600.0
"""Seconds that a server may ask to wait; a longer wait is a quota that is used up."""
LONGEST_ECHO = 2_000
"""Characters of an unusable answer that are sent back: all of it might not fit beside the question."""


@runtime_checkable
class Client(Protocol):
    """Asks one request; see `ChatClient`."""

    async def ready(self) -> None:
        """Returns when requests can be sent; raises what would keep every one of them from it, such as no key."""

    async def ask(self, request: Request) -> Answer:
        """One answer, whatever it says. Raises FatalError, RetryableError or RejectedError."""


@dataclass(frozen=True)
class Failure:
    """Why a request has no usable answer, and the last unusable one."""

    reason: str
    last_answer: str = ""


@dataclass
class Settler:
    """Settles the requests of one run. last_answer: when any of them was answered last.

    exhausted, rejected: requests given up and refused since then.
    """

    client: Client
    usable: Usable
    settings: AskSettings
    limits: RateLimits
    budget: Budget
    tally: Tally
    last_answer: float = float("-inf")
    exhausted: int = 0
    rejected: int = 0

    async def settle(self, request: Request) -> Answer | Failure | None:
        """A usable answer, or why there is none; None where the budget ended first. Raises FatalError."""
        conversation, failure = request, Failure("")
        for attempt in range(self.settings.tries):
            try:
                answer = await self._answered(conversation, again=attempt > 0)
            except RejectedError as error:
                self._reject(error)
                return Failure(str(error), failure.last_answer)
            except RetryableError as error:
                failure = Failure(f"{error}, {ERRORS_IN_A_ROW} times in a row", failure.last_answer)
                continue
            if answer is None:
                return None
            reason = self.usable(request, answer)
            if reason is None:
                return answer
            failure = Failure(reason, answer.text)
            conversation = _with_failure(request, failure)
        return failure

    async def _answered(self, request: Request, again: bool) -> Answer | None:
        """An answer, over as many errors in a row as a request outlasts. Raises the last one."""
        errors = 0
        while True:
            try:
                return await self._call(request, again or errors > 0)
            except RetryableError as error:
                errors += 1
                self._give_up(error, errors)
                await self._back_off(error, errors)

    async def _call(self, request: Request, again: bool) -> Answer | None:
        """One call within the budget and the limits; None where the budget is used up."""
        estimate = prompt_tokens(request)
        most = self.settings.price(request.model, estimate, _most_tokens(request)) or 0.0
        if not await self.budget.take(most):
            return None
        cost = 0.0
        try:
            await self.limits.wait(estimate)
            answer = await self._timed(request, again)
            cost = self._count(request, answer, estimate)
        finally:
            await self.budget.settle(most, cost)
        return answer

    async def _timed(self, request: Request, again: bool) -> Answer:
        await self.client.ready()
        tally, begin = self.tally, time.monotonic()
        tally.asked += 1
        tally.retried += again
        tally.in_flight += 1
        try:
            return await self.client.ask(request)
        finally:
            tally.in_flight -= 1
            tally.busy += time.monotonic() - begin

    def _count(self, request: Request, answer: Answer, estimate: int) -> float:
        """Add an answer's tokens and cost to the tally; returns the cost, 0 where it is not known."""
        self.last_answer = time.monotonic()
        self.exhausted = self.rejected = 0
        tokens = (answer.prompt_tokens, answer.completion_tokens)
        self.limits.used(estimate, sum(tokens))
        return self.tally.add(tokens, self.settings.price(request.model, *tokens))

    def _give_up(self, error: RetryableError, errors: int) -> None:
        """Raise `error` after enough in a row, and FatalError where no request is answered any more."""
        never = self.last_answer == float("-inf")
        if errors < (ERRORS_BEFORE_ANY_ANSWER if never else ERRORS_IN_A_ROW):
            return
        self.exhausted += 1
        # One request that breaks the server is given up after its tries; more without any answer are the server's.
        if never or self.exhausted > self.settings.tries:
            raise FatalError(
                f"{error}\n{errors} times in a row, and no other request was answered; what was answered before is "
                "stored, and the same command goes on from there"
            ) from error
        raise error

    async def _back_off(self, error: RetryableError, errors: int) -> None:
        wait = wait_after(error, errors)
        if error.throttled or error.wait is not None:
            # Who throttles one request throttles all: asking on would only be refused.
            self.limits.pause(wait)
        else:
            await self.limits.sleep(wait)

    def _reject(self, error: RejectedError) -> None:
        self.rejected += 1
        if self.rejected == REJECTIONS_IN_A_ROW:
            raise FatalError(f"{error}\n{self.rejected} requests in a row were refused; see the settings") from error


def wait_after(error: RetryableError, errors: int) -> float:
    """Seconds before the next call after so many errors in a row. Raises FatalError where a server asks for hours."""
    wait = error.wait
    if wait is None:
        wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** (errors - 1)) * random.uniform(0.5, 1.5)
    if wait > PATIENCE:
        raise FatalError(
            f"{error}\nIt asks to wait {wait:,.0f} s: a quota may be used up; the same command goes on later"
        ) from error
    return wait


def _most_tokens(request: Request) -> int:
    """Tokens that an answer may have, 0 where the request does not say."""
    return int(request.parameters.get("max_tokens") or request.parameters.get("max_completion_tokens") or 0)


def _with_failure(request: Request, failure: Failure) -> Request:
    """The same question once more, after the unusable answer and why it was."""
    note = f"That cannot be used: {failure.reason}. Answer again, as first asked."
    echo = failure.last_answer[:LONGEST_ECHO] or "-"
    return replace(request, messages=(*request.messages, Message("assistant", echo), Message("user", note)))
