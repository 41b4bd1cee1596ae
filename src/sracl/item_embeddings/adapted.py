"""Frozen embeddings of texts through a small learned adapter: no vector of an item's own."""

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from sracl.backbones.base import Backbone
from sracl.config import ItemEmbeddingConfig
from sracl.config.item_embedding import Adapter
from sracl.item_embeddings.texts import frozen_texts


class AdaptedTexts(nn.Module):
    """Item vectors e_i = adapter(x_i), x_i the frozen embedding of item i's text (`ItemVectors`).

    Items without a text have x = 0 and share one vector. The number that pads gives zeros.

    texts: `[N, D]`. adapter: from D to d columns. Texts are no weights: a checkpoint and a saved model leave them out.
    """

    texts: Tensor

    def __init__(self, texts: Float[Tensor, "N D"], adapter: nn.Module) -> None:
        super().__init__()
        self.register_buffer("texts", functional.pad(texts, (0, 0, 0, 1)), persistent=False)
        self.adapter = adapter

    def forward(self, items: Int[Tensor, "*B"]) -> Float[Tensor, "*B d"]:
        """The vectors of some items."""
        adapted: Tensor = self.adapter(self.texts[items])
        return adapted.masked_fill((items == len(self.texts) - 1)[..., None], 0.0)

    @property
    def weight(self) -> Float[Tensor, "R d"]:
        """The vectors of all items, then zeros; every call costs a product with all texts."""
        return functional.pad(self.adapter(self.texts[:-1]), (0, 0, 0, 1))


def text_adapted(backbone: Backbone, texts: NDArray[np.float32], settings: ItemEmbeddingConfig) -> Backbone:
    """The backbone with adapted texts in the place of its table, as text-only models have them.

    UniSRec (Hou et al., KDD 2022) adapts through whitening and a mixture of linear maps, WhitenRec (Zhang et al., ICDE
    2024) through fixed whitening and an MLP; here one adapter, a linear map or an MLP, and whitening on demand.
    """
    adapted = adapted_texts(backbone, texts, settings.adapter or "mlp", settings.whitening)
    backbone.item_embedding = adapted
    return backbone


def adapted_texts(backbone: Backbone, texts: NDArray[np.float32], adapter: Adapter, whitening: bool) -> AdaptedTexts:
    """Adapted texts that begin with the mean of 0 and the deviation of the backbone's own table."""
    frozen = torch.from_numpy(frozen_texts(texts, whitening))
    own = backbone.item_embedding.weight[: backbone.item_count]
    made = make_adapter(adapter, texts.shape[1], own.shape[1])
    last = made[-1]
    assert isinstance(last, nn.Linear)
    with torch.no_grad():
        out = made(frozen)
        scale = own.std() / (out - out.mean(dim=0)).std()
        last.weight *= scale
        last.bias.copy_((last.bias - out.mean(dim=0)) * scale)
    return AdaptedTexts(frozen, made)


def make_adapter(kind: Adapter, embedding_dimension: int, dimension: int) -> nn.Sequential:
    """From D columns to d: W x + b (`linear`), through D/2 columns without (`two-linear`) or with GELU (`mlp`).

    `two-linear` is LLM-ESR's: W_2 (W_1 x + b_1) + b_2.
    """
    if kind == "linear":
        return nn.Sequential(nn.Linear(embedding_dimension, dimension))
    inner = max(1, embedding_dimension // 2)
    first, second = nn.Linear(embedding_dimension, inner), nn.Linear(inner, dimension)
    return nn.Sequential(first, second) if kind == "two-linear" else nn.Sequential(first, nn.GELU(), second)
