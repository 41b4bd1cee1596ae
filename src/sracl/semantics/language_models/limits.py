"""How fast and how much a server may be asked: requests and tokens a minute, pauses for everybody, a budget."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

FIRST_GAP, SHORTEST_GAP = 0.01, 0.005
"""Seconds between requests after a server throttled for the first time, and below which they are dropped."""
GAP_AFTER_ANSWER = 0.95
ROUNDING = 1e-9


class Bucket:
    """Lets so many units a minute through, evenly after a first burst of a second's worth, of one unit at least.

    clock: seconds that only rise; a test replaces it.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate = per_minute / 60.0
        self.clock = clock
        self.level = max(self.rate, 1.0)
        self.time = clock()

    def take(self, units: int) -> float:
        """Take units now and return the seconds to wait before they may be used; the level may go below zero."""
        now = self.clock()
        self.level = min(max(self.rate, 1.0), self.level + (now - self.time) * self.rate)
        self.time = now
        self.level -= units
        return max(0.0, -self.level / self.rate)

    def correct(self, units: int) -> None:
        """Take units more (or, negative, fewer) than was estimated."""
        self.level -= units


class RateLimits:
    """Requests and tokens a minute (None: no limit), and what a server that throttles does to all requests.

    After a pause, requests follow each other with a gap, which doubles with every pause and shrinks with every answer:
    asked all at once, the same server would throttle again. clock, sleep: a test replaces them.
    """

    def __init__(
        self,
        requests_per_minute: int | None,
        tokens_per_minute: int | None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.clock = clock
        self.sleep = sleep
        self.requests = Bucket(requests_per_minute, clock) if requests_per_minute else None
        self.tokens = Bucket(tokens_per_minute, clock) if tokens_per_minute else None
        self.paused_until = self.next_turn = float("-inf")
        self.gap = 0.0

    def pause(self, seconds: float) -> None:
        """Nobody asks before so many seconds are over."""
        now = self.clock()
        if now >= self.paused_until:
            # Once a pause: those under way when it began are refused too, and tell nothing new.
            self.gap = max(FIRST_GAP, 2 * self.gap)
        self.paused_until = max(self.paused_until, now + seconds)

    async def wait(self, tokens: int) -> None:
        """Return when a request of about so many tokens may be sent."""
        seconds = max(
            self.requests.take(1) if self.requests else 0.0,
            self.tokens.take(tokens) if self.tokens else 0.0,
        )
        if seconds > 0:
            await self.sleep(seconds)
        while (now := self.clock()) < (turn := max(self.paused_until, self.next_turn)):
            await self.sleep(turn - now)
        self.next_turn = now + self.gap

    def used(self, estimated: int, tokens: int) -> None:
        """An answer came: correct its request's estimate by what it took."""
        self.gap = self.gap * GAP_AFTER_ANSWER if self.gap > SHORTEST_GAP else 0.0
        if self.tokens:
            self.tokens.correct(tokens - estimated)


@dataclass
class Budget:
    """Requests and money that may be spent (None: no limit).

    stopped: `max_requests` or `max_cost` once one more request would have exceeded it.
    """

    max_requests: int | None = None
    max_cost: float | None = None
    stopped: str | None = None
    requests: int = 0
    cost: float = 0.0
    _held: float = 0.0
    _under_way: int = 0
    _back: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def take(self, cost: float) -> bool:
        """Whether one more request, of at most this cost, may be sent; it counts at once.

        While others are under way, whose costs are held at their most, this waits for what they leave.
        """
        async with self._back:
            while self._under_way and not self.stopped and self._too_dear(cost):
                await self._back.wait()
            if self.max_requests is not None and self.requests >= self.max_requests:
                self.stopped = self.stopped or "max_requests"
            elif self._too_dear(cost):
                self.stopped = self.stopped or "max_cost"
            if self.stopped:
                self._back.notify_all()
                return False
            self.requests += 1
            self._under_way += 1
            self._held += cost
            return True

    async def settle(self, held: float, cost: float) -> None:
        """A request that was taken at `held` came to `cost`: 0 where no answer came."""
        async with self._back:
            self._under_way -= 1
            self._held -= held
            self.cost += cost
            self._back.notify_all()

    def _too_dear(self, cost: float) -> bool:
        spent = self.cost + self._held + cost
        return self.max_cost is not None and spent > self.max_cost * (1 + ROUNDING)
