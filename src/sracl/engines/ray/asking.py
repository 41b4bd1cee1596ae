"""Requests to a language model through Ray's workers, each of which has its own connection."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

from sracl.engines.base import Connect, Connection
from sracl.engines.ray.room import Room
from sracl.errors import SraclError

if TYPE_CHECKING:
    from sracl.semantics.language_models.request import Answer, Request
from sracl.semantics.language_models.server_errors import FatalError, RejectedError, RetryableError

MOST_UNDER_WAY = 10_000
"""Requests that a worker takes at a time: more than its slots, so that Ray never holds one back."""


@asynccontextmanager
async def connected_through(ray: Any, room: Room, connect: Connect) -> AsyncIterator[Connection]:
    """A connection through `room.workers` workers, spread over the machines, while the block lasts.

    Raises what `connect` raises.
    """
    resources = {"num_cpus": room.cpus, "num_gpus": room.gpus, "scheduling_strategy": "SPREAD"}
    made = ray.remote(max_concurrency=MOST_UNDER_WAY, **resources)(AskingWorker)
    workers = [made.remote(connect, room.cpus or 1) for _ in range(room.workers)]
    try:
        slots = [_raised(await worker.connect.remote()) for worker in workers]
        yield Connection(SpreadClient(workers, ray.exceptions.RayActorError), sum(slots))
    finally:
        for worker in workers:
            ray.kill(worker)


class AskingWorker:
    """What runs in a worker: it connects once and asks. Errors that the caller knows are given back as values."""

    def __init__(self, connect: Connect, cores: int) -> None:
        self.connection = connect(cores)
        self.stack = AsyncExitStack()
        self.client: Any = None

    async def connect(self) -> int | Exception:
        """Connect; returns how many requests are taken at a time."""
        try:
            connection = await self.stack.enter_async_context(self.connection)
        except SraclError as error:
            return error
        self.client = connection.client
        return connection.slots

    async def ask(self, request: Request) -> Answer | Exception:
        """One answer, or why there is none."""
        try:
            answer: Answer = await self.client.ask(request)
        except (FatalError, RetryableError, RejectedError) as error:
            return error
        return answer


class SpreadClient:
    """Asks through the worker that has the fewest requests under way. One that is lost is asked no more."""

    def __init__(self, workers: Sequence[Any], lost: type[Exception]) -> None:
        self.workers, self.lost = workers, lost
        self.under_way = dict.fromkeys(range(len(workers)), 0)

    async def ready(self) -> None:
        """Nothing is left to be done: the workers were connected before this client was made."""

    async def ask(self, request: Request) -> Answer:
        """One answer, whatever it says. Raises FatalError, RetryableError or RejectedError."""
        if not self.under_way:
            raise FatalError("all workers of Ray are lost; what was answered is stored, and the same command goes on")
        number = min(self.under_way, key=self.under_way.__getitem__)
        self.under_way[number] += 1
        try:
            answer: Answer = _raised(await self.workers[number].ask.remote(request))
        except self.lost:
            self.under_way.pop(number, None)
            raise RetryableError("a worker of Ray was lost") from None
        finally:
            if number in self.under_way:
                self.under_way[number] -= 1
        return answer


def _raised(outcome: Any) -> Any:
    """What a worker gave, raised where it is an error."""
    if isinstance(outcome, Exception):
        raise outcome
    return outcome
