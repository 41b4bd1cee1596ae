"""A chat completion as OpenAI's protocol writes it, from a server or in a batch's file."""

from typing import Any

from sracl.semantics.language_models.request import Answer

MOST_TOKENS = 2**31
"""More in one answer is no count."""


def read_completion(body: Any) -> Answer:
    """The first choice of a chat completion. Raises ValueError where its fields are missing."""
    match body:
        case {"choices": [{"message": {"content": str() | None as text}, **choice}, *_], **rest}:
            return Answer(text or "", str(choice.get("finish_reason") or "stop"), *_tokens(rest.get("usage")))
    raise ValueError("its response lacks the fields of a chat completion")


def _tokens(usage: Any) -> tuple[int, int]:
    """Tokens of prompt and answer as billed, 0 where the server does not say."""
    match usage:
        case {"prompt_tokens": int(prompt), "completion_tokens": int(completion)}:
            return min(max(prompt, 0), MOST_TOKENS), min(max(completion, 0), MOST_TOKENS)
    return 0, 0
