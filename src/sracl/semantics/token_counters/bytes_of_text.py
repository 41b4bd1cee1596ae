"""The estimate where no tokenizer is known."""

from collections.abc import Sequence

from sracl.semantics.language_models.tokens import BYTES_A_TOKEN, estimated_tokens


class BytesCounter:
    """A token for every three bytes of UTF-8: too many for most languages. setting: names a tokenizer, for advice."""

    way = f"bytes, {BYTES_A_TOKEN} a token: an estimate, rather too many"

    def __init__(self, setting: str) -> None:
        self.advice = f"{setting} = a tokenizer.json or its folder on this machine counts them exactly"

    def count(self, texts: Sequence[str]) -> int:
        """Tokens of all texts together, about."""
        return sum(map(estimated_tokens, texts))
