"""The configured encoder, loaded where it encodes: in this process, or in each worker of a cluster."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sracl.config import EncoderConfig
from sracl.errors import SraclError
from sracl.semantics.encoders.base import Encoder
from sracl.semantics.encoders.making import encoder_name, make_encoder


class ConfiguredEncoder:
    """The encoder that `config` names. It is loaded when it first encodes, and travels without what was loaded.

    Raises InputError where `config` names a file that is not there.
    """

    def __init__(self, config: EncoderConfig) -> None:
        self.config = config
        self.name = encoder_name(config)
        self._loaded: Encoder | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Without the loaded encoder: a worker loads its own."""
        return self.__dict__ | {"_loaded": None}

    def encode(
        self, texts: Sequence[str], on_progress: Callable[[int], None] = lambda texts: None
    ) -> NDArray[np.float32]:
        """Vectors of texts, float32 `[len(texts), D]`. Raises what loading and encoding raise."""
        if self._loaded is None:
            loaded = make_encoder(self.config)
            if loaded.name != self.name:
                raise SraclError(
                    f"this machine has the encoder {loaded.name}, and {self.name} is wanted; "
                    "put the same file on every machine"
                )
            self._loaded = loaded
        return self._loaded.encode(texts, on_progress)
