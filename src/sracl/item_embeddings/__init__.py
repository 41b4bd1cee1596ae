"""Item vectors made of texts, for backbones that know of none. A new kind is a file here and a line in `KINDS`."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sracl.backbones.base import Backbone
from sracl.config import ItemEmbeddingConfig
from sracl.errors import SraclError
from sracl.item_embeddings.adapted import text_adapted
from sracl.item_embeddings.dual_view import dual_view, empty_dual_view
from sracl.item_embeddings.folding import fold
from sracl.item_embeddings.initialised import text_initialised

Texts = NDArray[np.float32]
"""Embeddings of the items' texts, `[N, D]`, zeros where an item has none."""
Kind = Callable[[Backbone, Texts, ItemEmbeddingConfig], Backbone]
"""Takes a fresh backbone with its learned table, and gives it, or one around it, with the vectors of this kind."""

KINDS: dict[str, Kind] = {
    "text-initialised": text_initialised,
    "text-adapted": text_adapted,
    "dual-view": dual_view,
}

__all__ = ["KINDS", "fold", "folded_shell", "with_item_vectors"]


def with_item_vectors(backbone: Backbone, settings: ItemEmbeddingConfig, texts: Texts | None) -> Backbone:
    """`backbone` with the item vectors that `settings.kind` names. Raises SraclError where they need missing texts."""
    if not settings.needs_texts:
        return backbone
    if texts is None:
        raise SraclError(f"item_embedding.kind {settings.kind} needs the embeddings of the items' texts")
    if len(texts) != backbone.item_count:
        raise SraclError(f"there are {len(texts)} embeddings of texts for {backbone.item_count} items")
    return KINDS[settings.kind](backbone, texts, settings)


def folded_shell(backbone: Backbone, settings: ItemEmbeddingConfig) -> Backbone:
    """A fresh `backbone` as `fold` leaves a trained one of this kind: what saved weights are loaded into."""
    return empty_dual_view(backbone, settings) if settings.kind == "dual-view" else backbone
