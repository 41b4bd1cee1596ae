"""Embeddings from any server that speaks OpenAI's protocol."""

import weakref
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from sracl.errors import InputError, SraclError
from sracl.semantics.language_models.client import NO_KEY, Endpoint, key_of, on_this_machine

REPETITIONS = 8
"""Of one call, by the official client: 429, 5xx, lost connections and timeouts, as `Retry-After` says or ever later."""


class OpenAIEncoder:
    """Asks a server for embeddings, a batch of texts a call.

    The key comes from the environment and is in no error. Raises InputError where it is not set, SraclError where the
    package `openai` is missing.
    """

    def __init__(self, model: str, endpoint: Endpoint, batch_size: int = 64) -> None:
        try:
            import openai
        except ImportError as error:
            raise SraclError("such an encoder needs the package openai: pip install 'sracl[llm]'") from error
        self._openai = openai
        self._key = key_of(endpoint, "semantics.encoder.api_key_env")
        self.name = model
        self.batch_size = batch_size
        # A proxy of the environment cannot reach this machine's own servers.
        local = on_this_machine(endpoint, "semantics.encoder.base_url")
        self._client = openai.OpenAI(
            base_url=endpoint.base_url,
            api_key=self._key,
            timeout=endpoint.timeout,
            max_retries=REPETITIONS,
            http_client=openai.DefaultHttpxClient(trust_env=not local),
        )
        weakref.finalize(self, self._client.close)

    def encode(
        self, texts: Sequence[str], on_progress: Callable[[int], None] = lambda texts: None
    ) -> NDArray[np.float32]:
        """Vectors of texts, float32 `[len(texts), D]`.

        Raises InputError where the key, the model or the request is refused, SraclError where the server does not
        answer or answers rubbish.
        """
        parts = []
        for begin in range(0, len(texts), self.batch_size):
            part = list(texts[begin : begin + self.batch_size])
            parts.append(self._vectors(part))
            on_progress(len(part))
        widths = {part.shape[1] for part in parts}
        if len(widths) > 1:
            raise SraclError(f"{self.name} gave vectors of different lengths: {sorted(widths)}")
        return np.concatenate(parts)

    def _vectors(self, texts: list[str]) -> NDArray[np.float32]:
        openai = self._openai
        # No error keeps its cause: a request's headers hold the key.
        try:
            reply = self._client.embeddings.create(model=self.name, input=texts, encoding_format="float")
            rows = sorted(reply.data, key=lambda row: row.index)
            vectors = np.array([row.embedding for row in rows], dtype=np.float32)
        except openai.APIStatusError as error:
            raise self._refused(error) from None
        except openai.APIConnectionError:
            raise SraclError(
                f"no answer from {self._client.base_url} after {REPETITIONS + 1} calls; "
                "what was embedded before is kept, and the same command goes on"
            ) from None
        except (openai.APIError, ValueError, TypeError, AttributeError):
            raise SraclError(f"{self._client.base_url} answers with something that holds no embeddings") from None
        if vectors.ndim != 2 or len(vectors) != len(texts):
            raise SraclError(f"{self.name} gave {vectors.shape} for {len(texts)} texts")
        return vectors

    def _refused(self, error: object) -> SraclError:
        status = int(getattr(error, "status_code", 0))
        said = " ".join(str(getattr(error, "message", "")).split())[:200]
        if self._key != NO_KEY:
            said = said.replace(self._key, "(key)")
        hint = {
            401: "; is the key in semantics.encoder.api_key_env right?",
            403: "; may the key use this model?",
            404: "; are semantics.encoder.base_url and model right?",
        }.get(status, "")
        kind = InputError if 400 <= status < 429 else SraclError
        return kind(f"{self._client.base_url} answers {status}{hint} {said}")
