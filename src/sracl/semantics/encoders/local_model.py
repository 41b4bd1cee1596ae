"""Embeddings from a language model on this machine, served on loopback."""

import weakref
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sracl.errors import InputError
from sracl.files import file_sha256
from sracl.semantics.encoders.openai_endpoint import OpenAIEncoder
from sracl.semantics.language_models.client import Endpoint
from sracl.semantics.language_models.local_server import default_model_file, local_server

CONTEXT = 2048
"""Tokens of a text, at most."""
LONGEST = CONTEXT - 8
"""Bytes of a text that are read: a token is a byte at least, and a few mark begin and end."""
SLOTS = 1
"""Texts at a time. With more, some vectors depend on what stands beside them: cosines of .94 with those alone."""


class LocalEncoder:
    """A GGUF model's mean hidden states over a text's tokens, of its first 2,040 bytes.

    Made for models that were trained to embed; a chat model's vectors say less. The server runs for as long as the
    encoder is in use. model_file: None takes SmolLM2-135M-Instruct from the installed package.

    Raises InputError for a file that is no GGUF, SraclError where a package is missing or the model cannot be loaded.
    """

    def __init__(self, model_file: Path | None = None, batch_size: int = 64) -> None:
        path = model_file or default_model_file()
        self.batch_size = batch_size
        stack = ExitStack()
        base_url = stack.enter_context(local_server(path, SLOTS, CONTEXT, embeddings=True))
        self.name = local_name(path)
        self._endpoint = OpenAIEncoder(self.name, Endpoint(base_url, None), batch_size)
        weakref.finalize(self, stack.close)

    def encode(
        self, texts: Sequence[str], on_progress: Callable[[int], None] = lambda texts: None
    ) -> NDArray[np.float32]:
        """Vectors of texts, float32 `[len(texts), D]`. Raises SraclError where the server fails."""
        read = [text.encode("utf-8", "replace")[:LONGEST].decode("utf-8", "ignore") for text in texts]
        return self._endpoint.encode(read, on_progress)


def local_name(model_file: Path | None = None) -> str:
    """The name of a file's encoder. Vectors are kept by it: another file of the same name must not share them.

    Raises InputError where the file cannot be read, SraclError where None is given and the package is missing.
    """
    path = model_file or default_model_file()
    try:
        return f"{path.name} {file_sha256(path)[:16]} mean {LONGEST}"
    except OSError as error:
        raise InputError(f"the model {path} cannot be read: {error.strerror}; see semantics.encoder.model") from error
