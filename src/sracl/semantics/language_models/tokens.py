"""Estimates of tokens, rather too many than too few, since tokenizers differ: for prompts, limits and budgets.

Prompts are fitted by them too, so that the same data give the same prompts whatever is installed. Plans count with the
model's own tokenizer where it is known, see `token_counters`.
"""

from sracl.semantics.language_models.request import Request

BYTES_A_TOKEN = 3
TOKENS_A_MESSAGE = 4
"""What chat templates add to every message, about."""
TOKENS_A_PROMPT = 3
"""What they add to every prompt, so that the answer begins."""


def estimated_tokens(text: str) -> int:
    """Tokens of a text: one for every three bytes of UTF-8."""
    return len(text.encode("utf-8", "replace")) // BYTES_A_TOKEN + 1


def prompt_tokens(request: Request) -> int:
    """Tokens of a request's messages."""
    return TOKENS_A_PROMPT + sum(estimated_tokens(message.content) + TOKENS_A_MESSAGE for message in request.messages)
