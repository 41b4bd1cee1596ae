"""One answer with its request, as it is stored and as it travels."""

import json
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sracl.semantics.language_models.request import Answer, Message, Request


class Record(NamedTuple):
    """A stored answer. request: as JSON, see `as_json`; time: UTC, ISO 8601; the rest as in `Request`, `Answer`."""

    key: str
    model: str
    request: str
    text: str
    finish_reason: str
    prompt_tokens: int
    completion_tokens: int
    time: str

    @classmethod
    def of(cls, request: Request, answer: Answer) -> "Record":
        """The record of an answer that came just now."""
        tokens = (answer.prompt_tokens, answer.completion_tokens)
        text, finish_reason = storable(answer.text), storable(answer.finish_reason)
        return cls(request.key, request.model, as_json(request), text, finish_reason, *tokens, now())


def as_json(request: Request) -> str:
    """A request as JSON: `{"model": ..., "messages": [{"role": ..., "content": ...}], "parameters": {...}}`."""
    whole = {"model": request.model, "messages": request.as_messages(), "parameters": dict(request.parameters)}
    return json.dumps(whole)


def read_request(text: str) -> Request:
    """The request that `as_json` wrote. Raises ValueError, with the reason, for anything else."""
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"it is no JSON ({error})") from error
    match whole:
        case {"model": str(model), "messages": [*messages], "parameters": dict(parameters), **more} if not more:
            return Request(model, tuple(_read_message(message) for message in messages), parameters)
    raise ValueError("it is not of the form {model, messages, parameters}")


def _read_message(message: Any) -> Message:
    match message:
        case {"role": str(role), "content": str(content), **more} if not more:
            return Message(role, content)
    raise ValueError("a message is not of the form {role, content}")


def storable(text: str) -> str:
    """Lone surrogates, which no file can hold as UTF-8, become question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")


def now() -> str:
    """The time in UTC, to the second, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")
