"""What is known of trained items: their texts beside the vectors that training gave them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sracl.errors import InputError

Texts = NDArray[np.float32]
Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Known:
    """Items that have a text and were trained: unit embeddings `texts` `[n, D]` and learnt `vectors` `[n, d]`."""

    texts: Texts
    vectors: Vectors

    @classmethod
    def among(cls, texts: Texts, vectors: Vectors, trained: NDArray[np.bool_]) -> "Known":
        """Those of all items `[N, ...]` that were trained and have a text. Raises InputError where there is none."""
        chosen = trained & texts.any(axis=1)
        if not chosen.any():
            raise InputError("no trained item has a text, so nothing can be said of new items; give dataset.items")
        return cls(np.asarray(texts[chosen]), np.asarray(vectors[chosen]))
