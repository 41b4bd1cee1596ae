"""One request to any OpenAI-compatible server, and what its errors mean: stop, or try again."""

import email.utils
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sracl.errors import InputError, SraclError
from sracl.semantics.language_models.request import Answer, Request

NO_KEY = "no-key-needed"
"""What a server that wants no key is told: the protocol's client insists on one."""
STRUCTURED = "response_format"


class FatalError(SraclError):
    """Nothing else would be answered either: a wrong key, an unknown model, no server."""


class RetryableError(Exception):
    """Worth another try. wait: seconds that the server asks for, or None; throttled: it has too much to do."""

    def __init__(self, reason: str, wait: float | None = None, throttled: bool = False) -> None:
        super().__init__(reason)
        self.wait = wait
        self.throttled = throttled


class RejectedError(Exception):
    """The server refuses this one request, such as a prompt that is too long; another try would end alike."""


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

    The key comes from the environment and is in no message of an error. Raises InputError where it is not set, and
    SraclError where the package `openai` is missing.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        try:
            import openai
        except ImportError as error:
            raise SraclError("asking a language model needs the package openai: pip install 'sracl[llm]'") from error
        self._openai = openai
        self._endpoint = endpoint
        self._structured = True
        self._client = openai.AsyncOpenAI(
            base_url=endpoint.base_url,
            api_key=_key(endpoint),
            timeout=endpoint.timeout,
            max_retries=0,
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()

    async def ask(self, request: Request) -> Answer:
        """One answer, whatever it says. Raises FatalError, RetryableError or RejectedError."""
        openai = self._openai
        parameters = dict(request.parameters)
        if not self._structured:
            parameters.pop(STRUCTURED, None)
        try:
            messages: Any = request.as_messages()
            reply = await self._client.chat.completions.create(model=request.model, messages=messages, **parameters)
        except openai.APITimeoutError as error:
            raise RetryableError(f"no answer within {self._endpoint.timeout:g} s") from error
        except openai.APIConnectionError as error:
            raise RetryableError(f"the connection failed ({self._place})") from error
        except openai.APIStatusError as error:
            return await self._after_status(request, parameters, error.status_code, error.response)
        except (openai.APIError, ValueError) as error:
            raise RetryableError("the server's answer is no valid JSON") from error
        return _answer(reply)

    async def _after_status(
        self, request: Request, parameters: Mapping[str, Any], status: int, response: Any
    ) -> Answer:
        told = f"{self._place} answers {status}"
        if status in (401, 403):
            variable = self._endpoint.api_key_env or "(none)"
            raise FatalError(f"{told}: the key in the variable {variable} is missing, wrong or not allowed this model")
        if status == 404:
            raise FatalError(f"{told}: is the address right, and does the server know the model {request.model!r}?")
        if status == 429 or status >= 500 or status in (408, 409):
            raise RetryableError(told, retry_after(response.headers), throttled=status in (429, 503))
        if status == 400 and STRUCTURED in parameters and STRUCTURED in response.text:
            # This server has no structured output: asked without it, answers are read and repaired as they come.
            self._structured = False
            return await self.ask(request)
        raise RejectedError(f"{told}: the request was refused")

    @property
    def _place(self) -> str:
        return self._endpoint.base_url or "the OpenAI service"


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait by the header `Retry-After`, given as seconds or as a date; None where there is none."""
    value = headers.get("retry-after")
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        try:
            return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
        except (TypeError, ValueError):
            return None


def _key(endpoint: Endpoint) -> str:
    if endpoint.api_key_env is None:
        return NO_KEY
    key = os.environ.get(endpoint.api_key_env, "").strip()
    if not key:
        raise InputError(
            f"the variable {endpoint.api_key_env} holds no key; set it, or name another in "
            "semantics.writer.api_key_env (null where the server needs none)"
        )
    return key


def _answer(reply: Any) -> Answer:
    """The reply's first choice; servers that are not quite compatible leave fields out."""
    try:
        choice = reply.choices[0]
        text = choice.message.content
        usage = reply.usage
        counts = (usage.prompt_tokens, usage.completion_tokens) if usage is not None else (0, 0)
    except (AttributeError, IndexError, TypeError) as error:
        raise RetryableError("the server's answer lacks its fields") from error
    if text is not None and not isinstance(text, str):
        raise RetryableError("the server's answer lacks its fields")
    return Answer(text or "", str(choice.finish_reason or "stop"), int(counts[0] or 0), int(counts[1] or 0))
