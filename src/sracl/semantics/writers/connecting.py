"""From the configuration to a language model that can be asked, in this process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, ExitStack, asynccontextmanager
from functools import partial

from sracl.config import WriterConfig
from sracl.engines.base import Connection, Engine
from sracl.semantics.language_models.client import ChatClient, Endpoint
from sracl.semantics.language_models.local_server import local_server
from sracl.semantics.language_models.request import Answer, Request
from sracl.semantics.language_models.settling import Client

LONGEST_ANSWER = 1_024
"""Tokens kept free for an answer beside a local model's longest prompt."""


@asynccontextmanager
async def connected_when_asked(writer: WriterConfig, engine: Engine) -> AsyncIterator[Connection]:
    """The configured language model through the engine's workers while the block lasts.

    A server is connected to for the first request: what the store answers needs no key.
    """
    connection = engine.connect(partial(connected, writer), computes=writer.kind == "local")
    if writer.kind == "local":
        async with connection as local:
            yield local
        return
    async with AsyncExitStack() as stack:
        yield Connection(_WhenAsked(connection, stack), writer.concurrency)


class _WhenAsked:
    """A client that connects for its first request."""

    def __init__(self, connection: AbstractAsyncContextManager[Connection], stack: AsyncExitStack) -> None:
        self._connection, self._stack = connection, stack
        self._client: Client | None = None
        self._connecting = asyncio.Lock()

    async def ready(self) -> None:
        """Connect, once. Raises what connecting raises."""
        await self._connected()

    async def ask(self, request: Request) -> Answer:
        """One answer; see `Client.ask`. Raises what connecting raises, too."""
        return await (await self._connected()).ask(request)

    async def _connected(self) -> Client:
        if self._client is None:
            async with self._connecting:
                if self._client is None:
                    self._client = (await self._stack.enter_async_context(self._connection)).client
        return self._client


@asynccontextmanager
async def connected(writer: WriterConfig, cores: int) -> AsyncIterator[Connection]:
    """The configured server's client while the block lasts; a local model is served on so many cores.

    Raises InputError and SraclError as `ChatClient` and `local_server` do.
    """
    with ExitStack() as stack:
        if writer.kind == "local":
            slots = min(writer.concurrency, cores)
            context = writer.max_prompt_tokens + LONGEST_ANSWER
            base_url = stack.enter_context(local_server(writer.model_file, slots, context, cores))
            endpoint = Endpoint(base_url, None, writer.timeout)
        else:
            slots = writer.concurrency
            endpoint = Endpoint(writer.base_url, writer.api_key_env, writer.timeout)
        client = ChatClient(endpoint)
        try:
            yield Connection(client, slots)
        finally:
            await client.close()
