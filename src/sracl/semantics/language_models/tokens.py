"""Estimates of tokens, rather too many than too few, since tokenizers differ: for plans, limits and budgets alike."""

from sracl.semantics.language_models.request import Request

BYTES_A_TOKEN = 3
TOKENS_A_MESSAGE = 4
"""What the protocol adds to every message, about."""


def estimated_tokens(text: str) -> int:
    """Tokens of a text: one for every three bytes of UTF-8."""
    return len(text.encode("utf-8", "replace")) // BYTES_A_TOKEN + 1


def prompt_tokens(request: Request) -> int:
    """Tokens of a request's messages."""
    return sum(estimated_tokens(message.content) + TOKENS_A_MESSAGE for message in request.messages)
