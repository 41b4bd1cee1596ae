"""From the configuration to a language model that can be asked, in this process."""

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

from sracl.config import WriterConfig
from sracl.engines.base import Connection
from sracl.semantics.language_models.client import ChatClient, Endpoint
from sracl.semantics.language_models.local_server import local_server

LONGEST_ANSWER = 1_024
"""Tokens kept free for an answer beside a local model's longest prompt."""


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
