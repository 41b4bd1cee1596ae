"""The configured encoder, loaded where it encodes: in this process, or in each worker of a cluster."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sracl.config import EncoderConfig
from sracl.engines import LOCAL, Engine
from sracl.errors import SraclError
from sracl.semantics.devices import gpu_or_processor
from sracl.semantics.encoders.base import Encoder
from sracl.semantics.encoders.making import encoder_name, make_encoder
from sracl.semantics.encoders.precision import dtype_of, name_of
from sracl.semantics.encoders.spending import Spending


class ConfiguredEncoder:
    """The encoder that `config` names. It is loaded when it first encodes, and travels without what was loaded.

    spending: of a server's embeddings, what they took; None on this machine. Raises InputError where `config` names a
    file that is not there, or a limit on money without a known price.
    """

    def __init__(self, config: EncoderConfig) -> None:
        # What `auto` is here holds for every worker: their vectors stand side by side.
        precision = name_of(dtype_of(config.precision, gpu_or_processor()))
        self.config = config.model_copy(update={"precision": precision})
        self.name = encoder_name(config)
        self.batch_size = config.batch_size
        self.spending = Spending(config) if config.kind == "openai" else None
        self._loaded: Encoder | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Without the loaded encoder: a worker loads its own."""
        return self.__dict__ | {"_loaded": None}

    def among(self, engine: Engine) -> Engine:
        """Who encodes: the engine's workers; this process alone where limits and costs of a server must be kept."""
        return engine if self.spending is None else LOCAL

    def encode(
        self, texts: Sequence[str], on_progress: Callable[[int], None] = lambda texts: None
    ) -> NDArray[np.float32]:
        """Vectors of texts, float32 `[len(texts), D]`. Raises what loading and encoding raise."""
        if self._loaded is None:
            loaded = make_encoder(self.config, self.spending)
            if loaded.name != self.name:
                raise SraclError(
                    f"this machine has the encoder {loaded.name}, and {self.name} is wanted; "
                    "put the same file on every machine"
                )
            self._loaded = loaded
        return self._loaded.encode(texts, on_progress)
