"""Encoders whose vector is the pooler's output, as the paper's: princeton-nlp/sup-simcse-roberta-large."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from sracl.errors import SraclError
from sracl.semantics.devices import gpu_or_processor
from sracl.semantics.encoders.like_length import LONGEST, batches_of_like_length
from sracl.semantics.encoders.precision import Precision, dtype_of, mixed_precision, with_precision
from sracl.semantics.encoders.sentence_transformer import quiet_loading


class PoolerEncoder:
    """A transformer and its pooler: the first token's last state through a dense layer and tanh.

    model: a name or folder that transformers loads. Raises SraclError where the model cannot be loaded or has no
    trained pooler.
    """

    def __init__(self, model: str, batch_size: int = 64, precision: Precision = "auto") -> None:
        from transformers import AutoModel, AutoTokenizer

        self.batch_size = batch_size
        self.device = gpu_or_processor()
        self.dtype = dtype_of(precision, self.device)
        self.name = with_precision(pooler_name(model), self.dtype)
        try:
            with quiet_loading():
                self._tokenizer: Any = AutoTokenizer.from_pretrained(model)
                loaded, told = AutoModel.from_pretrained(model, output_loading_info=True)
        except Exception as error:
            raise SraclError(
                f"the encoder {model} cannot be loaded ({type(error).__name__}: {str(error).splitlines()[0]}); "
                "give encoder.model a folder or a model that is in the local cache"
            ) from error
        if getattr(loaded, "pooler", None) is None or any("pooler" in str(key) for key in told["missing_keys"]):
            raise SraclError(
                f"the encoder {model} has no trained pooler, so its vectors would be random; "
                "use encoder.kind: sentence-transformers"
            )
        self._model: Any = loaded.eval().to(self.device)
        self.longest = min(LONGEST, self._tokenizer.model_max_length)

    def encode(
        self, texts: Sequence[str], on_progress: Callable[[int], None] = lambda texts: None
    ) -> NDArray[np.float32]:
        """Vectors of texts, float32 `[len(texts), D]`, the longest texts first, so that a batch holds like lengths."""
        result = np.empty((len(texts), self._model.config.hidden_size), dtype=np.float32)
        with torch.inference_mode(), mixed_precision(self.device, self.dtype):
            for chosen in batches_of_like_length(texts, self.batch_size, self.device, self.longest):
                words = self._tokenizer(
                    [texts[number] for number in chosen],
                    padding=True,
                    truncation=True,
                    max_length=self.longest,
                    return_tensors="pt",
                ).to(self.device)
                result[chosen] = self._model(**words).pooler_output.float().cpu().numpy()
                on_progress(len(chosen))
        return result


def pooler_name(model: str) -> str:
    """The name of a model's pooler: its vectors are not those of the model alone."""
    return f"{model} (pooler)"
