"""What is asked of a language model, and what it answered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sracl.files import fingerprint


@dataclass(frozen=True)
class Message:
    """One message of a chat. role: `system`, `user` or `assistant`."""

    role: str
    content: str


@dataclass(frozen=True)
class Request:
    """Everything that determines an answer.

    model: the name the server knows; messages: in order, those that requests share first, so that servers' caches hit;
    parameters: what else the server is told, JSON-able: `temperature`, `max_tokens`, `response_format` ...
    """

    model: str
    messages: tuple[Message, ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def key(self) -> str:
        """SHA-256 of model, parameters and full messages: equal requests are asked once."""
        return fingerprint([self.model, dict(self.parameters), self.as_messages()])

    def as_messages(self) -> list[dict[str, str]]:
        """The messages as the OpenAI protocol writes them."""
        return [{"role": message.role, "content": message.content} for message in self.messages]


@dataclass(frozen=True)
class Answer:
    """What the server sent. finish_reason: `stop`, `length` (cut off), `content_filter` ...; tokens: as billed."""

    text: str
    finish_reason: str
    prompt_tokens: int
    completion_tokens: int
