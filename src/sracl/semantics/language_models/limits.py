"""How fast a server may be asked: requests and tokens a minute, and a pause for everybody when it throttles."""

import asyncio
import time
from collections.abc import Callable


class Bucket:
    """Lets so many units a minute through, evenly after a first burst of a second's worth.

    clock: seconds that only rise; a test replaces it.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate = per_minute / 60.0
        self.clock = clock
        self.level = self.rate
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
    """Requests and tokens a minute (None: no limit), and pauses that hold for all requests."""

    def __init__(
        self,
        requests_per_minute: int | None,
        tokens_per_minute: int | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.clock = clock
        self.requests = Bucket(requests_per_minute, clock) if requests_per_minute else None
        self.tokens = Bucket(tokens_per_minute, clock) if tokens_per_minute else None
        self.paused_until = 0.0

    def pause(self, seconds: float) -> None:
        """Nobody asks before so many seconds are over."""
        self.paused_until = max(self.paused_until, self.clock() + seconds)

    async def wait(self, tokens: int) -> None:
        """Return when a request of about so many tokens may be sent."""
        seconds = max(
            self.requests.take(1) if self.requests else 0.0,
            self.tokens.take(tokens) if self.tokens else 0.0,
        )
        if seconds > 0:
            await asyncio.sleep(seconds)
        while (left := self.paused_until - self.clock()) > 0:
            await asyncio.sleep(left)

    def used(self, estimated: int, tokens: int) -> None:
        """Correct the estimate of a request by what it took."""
        if self.tokens:
            self.tokens.correct(tokens - estimated)
