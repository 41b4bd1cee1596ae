"""Connections that engines' workers make in tests, where workers can import them."""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sracl.engines.base import Connection
from sracl.semantics.language_models.client import ChatClient, Endpoint
from sracl.semantics.language_models.request import Answer, Request


@asynccontextmanager
async def connection_to(base_url: str, cores: int) -> AsyncIterator[Connection]:
    """A server without a key."""
    client = ChatClient(Endpoint(base_url, None, 10.0))
    try:
        yield Connection(client, 8)
    finally:
        await client.close()


class Dying:
    """A client whose process is killed at the question 10, the first time that anybody asks it."""

    def __init__(self, client: ChatClient, folder: Path) -> None:
        self.client, self.folder = client, folder

    async def ready(self) -> None:
        await self.client.ready()

    async def ask(self, request: Request) -> Answer:
        if request.messages[0].content == "question 10" and not (self.folder / "died").exists():
            (self.folder / "died").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return await self.client.ask(request)


@asynccontextmanager
async def dying_connection_to(base_url: str, folder: Path, cores: int) -> AsyncIterator[Connection]:
    """`connection_to` through a `Dying` client."""
    async with connection_to(base_url, cores) as connection:
        yield Connection(Dying(connection.client, folder), connection.slots)
