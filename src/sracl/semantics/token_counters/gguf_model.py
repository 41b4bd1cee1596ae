"""Tokens by a local language model's own tokenizer, which its GGUF file holds."""

import http.client
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from sracl.errors import SraclError
from sracl.semantics.language_models.local_server import local_server

AT_A_TIME = 64
"""Texts a call: some 10,000 tokens, which come back as numbers."""
CONTEXT = 512
"""Tokens that the server could answer; it is asked for none."""


class GgufCounter:
    """Asks llama.cpp's server on this machine, which is no part of OpenAI's protocol."""

    advice = None

    def __init__(self, connection: http.client.HTTPConnection, name: str) -> None:
        self._connection = connection
        self.way = f"the tokenizer in {name}"

    def count(self, texts: Sequence[str]) -> int:
        """Tokens of all texts together. Raises SraclError where the server fails."""
        return sum(self._part(texts[begin : begin + AT_A_TIME]) for begin in range(0, len(texts), AT_A_TIME))

    def _part(self, texts: Sequence[str]) -> int:
        # Texts in a list are cut into tokens each by itself; their tokens come in one list.
        body = json.dumps({"content": list(texts), "add_special": False}).encode("ascii")
        try:
            self._connection.request("POST", "/tokenize", body, {"content-type": "application/json"})
            return len(json.loads(self._connection.getresponse().read())["tokens"])
        except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError) as error:
            raise SraclError(f"{self.way} gives no tokens ({type(error).__name__}: {error})") from error


@contextmanager
def gguf_counter(model_file: Path) -> Iterator[GgufCounter]:
    """A counter by a GGUF file's tokenizer, while the block lasts; the model is loaded, on this machine.

    Raises InputError for a file that is no GGUF, SraclError where a package is missing or it cannot be loaded.
    """
    with local_server(model_file, 1, CONTEXT) as base_url:
        connection = http.client.HTTPConnection(urlsplit(base_url).netloc, timeout=60)
        try:
            yield GgufCounter(connection, model_file.name)
        finally:
            connection.close()
