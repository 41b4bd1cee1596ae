"""Embeddings from any server that speaks OpenAI's protocol."""

import time
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sracl.config import EncoderConfig
from sracl.errors import InputError, SraclError
from sracl.semantics.encoders.spending import Spending
from sracl.semantics.language_models.client import Endpoint, key_of, on_this_machine
from sracl.semantics.language_models.server_errors import (
    RetryableError,
    out_of_credit,
    place_of,
    retry_after,
    shown,
    unreached,
    worth_another_try,
)
from sracl.semantics.language_models.settling import wait_after
from sracl.semantics.language_models.tokens import estimated_tokens

CALLS = 9
"""Of one batch, while the server is busy, fails, hangs or loses the connection."""


class OpenAIEncoder:
    """Asks a server for embeddings, a batch of texts a call.

    spending: limits, and what was spent. The key comes from the environment and is in no error. Raises InputError where
    it is not set, SraclError where the package `openai` is missing.
    """

    def __init__(self, model: str, endpoint: Endpoint, batch_size: int = 64, spending: Spending | None = None) -> None:
        try:
            import openai
        except ImportError as error:
            raise SraclError("such an encoder needs the package openai: pip install 'sracl[llm]'") from error
        self._openai = openai
        self._endpoint = endpoint
        self._key = key_of(endpoint, "semantics.encoder.api_key_env")
        self.name = model
        self.batch_size = batch_size
        self.spending = spending or Spending(EncoderConfig())
        # A proxy of the environment cannot reach this machine's own servers.
        local = on_this_machine(endpoint, "semantics.encoder.base_url")
        self._client = openai.OpenAI(
            base_url=endpoint.base_url,
            api_key=self._key,
            timeout=endpoint.timeout,
            max_retries=0,
            http_client=openai.DefaultHttpxClient(trust_env=not local),
        )
        self._place = place_of(str(self._client.base_url))
        weakref.finalize(self, self._client.close)

    def encode(
        self, texts: Sequence[str], on_progress: Callable[[int], None] = lambda texts: None
    ) -> NDArray[np.float32]:
        """Vectors of texts, float32 `[len(texts), D]`.

        Raises InputError where the key, the model or the request is refused, SraclError where the server does not
        answer or answers rubbish, and where `max_cost` would be exceeded.
        """
        parts = []
        for begin in range(0, len(texts), self.batch_size):
            part = list(texts[begin : begin + self.batch_size])
            parts.append(self._patiently(part))
            on_progress(len(part))
        widths = {part.shape[1] for part in parts}
        if len(widths) > 1:
            raise SraclError(f"{self.name} gave vectors of different lengths: {sorted(widths)}")
        return np.concatenate(parts)

    def _patiently(self, texts: list[str]) -> NDArray[np.float32]:
        """Vectors of one call's texts, over passing trouble of the server or the network."""
        for errors in range(1, CALLS + 1):
            try:
                return self._vectors(texts)
            except RetryableError as error:
                told = str(error)
                if errors < CALLS:
                    time.sleep(wait_after(error, errors))
        raise SraclError(
            f"{told}, {CALLS} times in a row\nWhat was embedded before is kept, and the same command goes on."
        )

    def _vectors(self, texts: list[str]) -> NDArray[np.float32]:
        openai = self._openai
        estimate = sum(map(estimated_tokens, texts))
        self.spending.before(estimate)
        # No error keeps its cause: a request's headers hold the key.
        try:
            reply = self._client.embeddings.create(model=self.name, input=texts, encoding_format="float")
            rows = sorted(reply.data, key=lambda row: row.index)
            vectors = np.array([row.embedding for row in rows], dtype=np.float32)
        except openai.APIStatusError as error:
            raise self._explained(error.status_code, error.response) from None
        except openai.APIConnectionError as error:
            timed_out = isinstance(error, openai.APITimeoutError)
            raise RetryableError(unreached(error, self._place, self._endpoint.timeout, timed_out)) from None
        except (openai.APIError, ValueError, TypeError, AttributeError, RecursionError):
            raise SraclError(f"{self._place} answers with something that holds no embeddings") from None
        if vectors.ndim != 2 or len(vectors) != len(texts):
            raise SraclError(f"{self.name} gave {vectors.shape} for {len(texts)} texts")
        self.spending.after(len(texts), estimate, getattr(reply.usage, "prompt_tokens", None))
        return vectors

    def _explained(self, status: int, response: Any) -> Exception:
        """What a refusal means: worth another try, or an error that no repetition mends."""
        told = f"{self._place} answers {status}"
        if out_of_credit(status, response.text):
            return SraclError(f"{told}: the account has no credit left {shown(response.text, self._key)}")
        if worth_another_try(status):
            return RetryableError(told, retry_after(response.headers))
        hint = {
            401: "; is the key in semantics.encoder.api_key_env right?",
            403: "; may the key use this model?",
            404: "; are semantics.encoder.base_url and model right?",
        }.get(status, "")
        return InputError(f"{told}{hint} {shown(response.text, self._key)}")
