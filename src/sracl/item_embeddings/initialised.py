"""A learned table that starts from texts rather than from chance."""

import numpy as np
import torch
from numpy.typing import NDArray

from sracl.backbones.base import Backbone
from sracl.config import ItemEmbeddingConfig
from sracl.item_embeddings.texts import has_text, principal_components


def text_initialised(backbone: Backbone, texts: NDArray[np.float32], settings: ItemEmbeddingConfig) -> Backbone:
    """The backbone with its table filled with the principal components of the texts' embeddings, then trained freely.

    As in LLM2BERT4Rec (Harte et al., RecSys 2023), and for the collaborative view of LLM-ESR (Liu et al., NeurIPS
    2024). They are scaled to the deviation that the backbone's own table begins with, which its training
    is made for. Items without a text keep their random vectors, as do columns beyond the embeddings' rank.
    """
    with torch.no_grad():
        own = backbone.item_embedding.weight[: backbone.item_count]
        components = torch.from_numpy(principal_components(texts, backbone.dimension, settings.whitening))
        described = torch.from_numpy(has_text(texts))
        components *= own.std() / components[described].std()
        own[described, : components.shape[1]] = components[described]
    return backbone
