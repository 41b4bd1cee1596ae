"""Who counts tokens for plans. A new way is a file here and a line in `token_counter`. None of them downloads."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sracl.semantics.token_counters.base import TokenCounter
from sracl.semantics.token_counters.bytes_of_text import BytesCounter
from sracl.semantics.token_counters.gguf_model import gguf_counter
from sracl.semantics.token_counters.openai_ranks import openai_counter
from sracl.semantics.token_counters.tokenizer_file import TokenizerFileCounter

GGUF = ".gguf"


@contextmanager
def token_counter(tokenizer: Path | None, model_file: Path | None, model: str, setting: str) -> Iterator[TokenCounter]:
    """The most exact counter that can be had on this machine for a model, while the block lasts.

    tokenizer: the user's choice, a `tokenizer.json`, a folder that holds one, or a GGUF file. Else model_file: the GGUF
    file of a local model, which has its own tokenizer. Else the one that OpenAI publishes for `model`, where it is on
    this machine. Else bytes. setting: the key of the configuration that holds `tokenizer`, for messages.

    Raises InputError for a tokenizer that cannot be read, SraclError where a GGUF file cannot be served.
    """
    gguf = tokenizer if tokenizer is not None and tokenizer.suffix == GGUF else model_file
    if tokenizer is not None and tokenizer.suffix != GGUF:
        yield TokenizerFileCounter(tokenizer, setting)
    elif gguf is not None:
        with gguf_counter(gguf) as counter:
            yield counter
    else:
        yield openai_counter(model) or BytesCounter(setting)


__all__ = ["TokenCounter", "token_counter"]
