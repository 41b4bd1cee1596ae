"""Tokens of OpenAI's models by their own package, where its tables are on this machine."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tiktoken


class OpenAICounter:
    """Counts with one of the package tiktoken's encodings."""

    advice = None

    def __init__(self, encoding: "tiktoken.Encoding") -> None:
        self._encoding = encoding
        self.way = f"OpenAI's tokenizer {encoding.name}"

    def count(self, texts: Sequence[str]) -> int:
        """Tokens of all texts together."""
        return sum(len(tokens) for tokens in self._encoding.encode_ordinary_batch(list(texts)))


class _NotHereError(Exception):
    """An encoding's table would have to be downloaded."""


def openai_counter(model: str) -> OpenAICounter | None:
    """The counter of one of OpenAI's models; None for others' models.

    None too where tiktoken is not installed, or the encoding's table is not in its cache: nothing is downloaded.
    `tiktoken.encoding_for_model(MODEL)`, called once on a machine with a network, puts it there (1 to 4 MB).
    """
    try:
        import tiktoken
    except ImportError:
        return None
    try:
        with _nothing_downloaded():
            return OpenAICounter(tiktoken.encoding_for_model(model))
    except (KeyError, _NotHereError):
        return None


@contextmanager
def _nothing_downloaded() -> Iterator[None]:
    """While the block lasts, tiktoken finds what it has and fetches nothing; it has no setting for that."""
    from tiktoken import load

    def refuse(blobpath: str) -> bytes:
        raise _NotHereError(blobpath)

    fetch, load.read_file = load.read_file, refuse
    try:
        yield
    finally:
        load.read_file = fetch
