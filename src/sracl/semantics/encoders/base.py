"""The interface of every text encoder."""

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray


@runtime_checkable
class Encoder(Protocol):
    """Turns texts into vectors whose dot product says how alike the texts are."""

    @property
    def name(self) -> str:
        """The model, as the manifest records it."""

    @property
    def batch_size(self) -> int:
        """Texts that are computed or asked for at a time."""

    def encode(
        self, texts: Sequence[str], on_progress: Callable[[int], None] = lambda texts: None
    ) -> NDArray[np.float32]:
        """Vectors of texts (none of them blank), float32 `[len(texts), D]`, of any length. D is the model's."""
