"""The interface of everything that counts tokens."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Protocol, runtime_checkable

from sracl.semantics.language_models.request import Request
from sracl.semantics.language_models.tokens import TOKENS_A_MESSAGE, TOKENS_A_PROMPT


@runtime_checkable
class TokenCounter(Protocol):
    """Counts tokens of texts. way: what it counts by; advice: how a better count can be had, None where it is exact."""

    @property
    def way(self) -> str:
        """In a few words, for a plan."""

    @property
    def advice(self) -> str | None:
        """In a line."""

    def count(self, texts: Sequence[str]) -> int:
        """Tokens of all texts together, without those that mark their begin and end."""


def count_prompts(requests: Iterable[Request], counter: TokenCounter) -> int:
    """Tokens of requests' messages, and what chat templates add about. A message that many share is counted once."""
    contents: Counter[str] = Counter()
    prompts = 0
    for request in requests:
        prompts += 1
        contents.update(message.content for message in request.messages)
    once = [content for content, times in contents.items() if times == 1]
    shared = sum(times * counter.count([content]) for content, times in contents.items() if times > 1)
    return counter.count(once) + shared + contents.total() * TOKENS_A_MESSAGE + prompts * TOKENS_A_PROMPT
