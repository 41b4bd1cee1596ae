"""One request to any OpenAI-compatible server, and what its errors mean: stop, or try again."""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from sracl.errors import InputError, SraclError
from sracl.semantics.language_models.completion import read_completion
from sracl.semantics.language_models.request import Answer, Request
from sracl.semantics.language_models.server_errors import (
    HIDDEN,
    FatalError,
    RejectedError,
    RetryableError,
    out_of_credit,
    place_of,
    retry_after,
    shown,
    unreached,
    worth_another_try,
)

NO_KEY = "no-key-needed"
"""What a server that wants no key is told: the protocol's client insists on one."""
STRUCTURED = "response_format"
LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True)
class Endpoint:
    """A server. base_url None: OpenAI's own; api_key_env: the variable that holds the key, None: no key is needed.

    timeout: seconds to wait for a whole answer.
    """

    base_url: str | None = None
    api_key_env: str | None = "OPENAI_API_KEY"
    timeout: float = 120.0


class ChatClient:
    """Asks one server, through the official client, whose own repetitions are switched off.

    The key comes from the environment. It is in no message of an error and in no answer, even where a server echoes
    it. Raises InputError where it is not set or the address is none, SraclError where the package `openai` is missing.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        try:
            import openai
        except ImportError as error:
            raise SraclError("asking a language model needs the package openai: pip install 'sracl[llm]'") from error
        self._openai = openai
        self._endpoint = endpoint
        self._structured = True
        self._key = key_of(endpoint)
        # Over aiohttp a request costs a third less of the processor's time, for which 64 slots would wait. A proxy of
        # the environment cannot reach this machine's own servers.
        http = openai.DefaultAioHttpClient(trust_env=not on_this_machine(endpoint))
        self._client = openai.AsyncOpenAI(
            base_url=endpoint.base_url,
            api_key=self._key,
            timeout=endpoint.timeout,
            max_retries=0,
            http_client=http,
        )
        self._place = place_of(str(self._client.base_url))

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()

    async def ready(self) -> None:
        """Nothing is left to be done: what is wrong with the settings was told when this client was made."""

    async def ask(self, request: Request) -> Answer:
        """One answer, whatever it says. Raises FatalError, RetryableError or RejectedError."""
        openai = self._openai
        body = {"model": request.model, "messages": request.as_messages(), **request.parameters}
        if not self._structured:
            body.pop(STRUCTURED, None)
        # No error keeps its cause: what a server sent, or the request's headers, could show the key in a traceback.
        try:
            # The official client's plain call: its typed one takes twice the processor's time a request.
            async with asyncio.timeout(self._endpoint.timeout):
                reply = await self._client.post("/chat/completions", body=body, cast_to=object)
        except (TimeoutError, openai.APIConnectionError) as error:
            timed_out = isinstance(error, TimeoutError | openai.APITimeoutError)
            raise RetryableError(unreached(error, self._place, self._endpoint.timeout, timed_out)) from None
        except openai.APIStatusError as error:
            response = error.response
        except (openai.APIError, ValueError, RecursionError):
            raise RetryableError("the server's answer is no valid JSON") from None
        else:
            try:
                return self._without_key(read_completion(reply))
            except ValueError:
                raise RetryableError("the server's answer lacks its fields") from None
        return await self._after_status(request, body, response.status_code, response)

    async def _after_status(self, request: Request, body: Mapping[str, Any], status: int, response: Any) -> Answer:
        told = f"{self._place} answers {status}"
        if status in (401, 403):
            variable = self._endpoint.api_key_env or "(none)"
            raise FatalError(f"{told}: the key in the variable {variable} is missing, wrong or not allowed this model")
        message = self._message(response)
        if status == 404:
            raise FatalError(
                f"{told}: is the address right, and does the server know the model {request.model!r}?{message}"
            )
        if out_of_credit(status, response.text):
            raise FatalError(f"{told}: the account has no credit left{message}")
        if worth_another_try(status):
            raise RetryableError(f"{told}{message}", retry_after(response.headers), throttled=status in (429, 503))
        if status in (400, 422) and STRUCTURED in body and STRUCTURED in response.text:
            # This server has no structured output: asked without it, answers are read and repaired as they come.
            self._structured = False
            return await self.ask(request)
        raise RejectedError(f"{told}: the request was refused{message}")

    def _message(self, response: Any) -> str:
        """What the server says about an error, on one line and without the key, after a line break; or nothing."""
        try:
            body = response.json()
        except (ValueError, RecursionError):
            return ""
        match body:
            case {"error": {"message": str(text)}} | {"error": str(text)} | {"message": str(text)}:
                return f"\nThe server says: {shown(text, self._key)}"
        return ""

    def _without_key(self, answer: Answer) -> Answer:
        if self._key not in answer.text:
            return answer
        return replace(answer, text=answer.text.replace(self._key, HIDDEN))


def on_this_machine(endpoint: Endpoint, setting: str = "semantics.writer.base_url") -> bool:
    """Whether the server is on loopback. Raises InputError for what is no address, naming the setting that holds it."""
    if endpoint.base_url is None:
        return False
    try:
        address = urlsplit(endpoint.base_url)
        if address.scheme in ("http", "https") and address.hostname and address.port != 0:
            return address.hostname in LOOPBACK
    except ValueError:
        """Told below: a port that is no number, a bracket left open."""
    raise InputError(f"{setting} is no address of a server; write it as http://HOST:PORT/v1")


def key_of(endpoint: Endpoint, setting: str = "semantics.writer.api_key_env") -> str:
    """The key that the endpoint's variable holds. Raises InputError for none, or one that no header can carry."""
    if endpoint.api_key_env is None:
        return NO_KEY
    key = os.environ.get(endpoint.api_key_env, "").strip()
    if not key:
        raise InputError(
            f"the variable {endpoint.api_key_env} holds no key; set it, or name another in {setting} "
            "(null where the server needs none)"
        )
    if not (key.isascii() and key.isprintable()):
        # No header can carry it, and the error that this would raise shows it.
        raise InputError(f"the key in the variable {endpoint.api_key_env} has characters that no key has; set it again")
    return key
