"""Items that no one has had yet: vectors from their texts, in the space that a backbone has learnt.

A new way is a file here and a line in `METHODS`.
"""

from collections.abc import Callable

from sracl.cold_items.neighbors import of_neighbors
from sracl.cold_items.regression import of_regression
from sracl.cold_items.space import Known, Texts, Vectors
from sracl.config import ColdItemsConfig

Method = Callable[[Known, Texts, ColdItemsConfig], Vectors]
"""Takes the trained items and the embeddings of new items' texts `[M, D]`, and gives vectors `[M, d]`."""

METHODS: dict[str, Method] = {"neighbors": of_neighbors, "regression": of_regression}

__all__ = ["METHODS", "Known", "vectors_of"]


def vectors_of(known: Known, texts: Texts, settings: ColdItemsConfig) -> Vectors:
    """Vectors of new items by the configured method, float32 `[M, d]`; one without text gets the mean of all trained.

    texts: unit vectors `[M, D]`, zeros where an item has no text. That mean scores after every history what trained
    items score on average, so that an item of which nothing is known stands in the middle.
    """
    made = METHODS[settings.method](known, texts, settings)
    made[~texts.any(axis=1)] = known.vectors.mean(axis=0)
    return made
