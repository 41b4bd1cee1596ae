"""After training: item vectors made of texts become a plain table, which answers alone."""

import torch
from torch import nn

from sracl.backbones.base import Backbone
from sracl.item_embeddings.adapted import AdaptedTexts
from sracl.item_embeddings.dual_view import TwoVectors


def fold(backbone: Backbone) -> None:
    """Replace item vectors that are computed from texts by their values: same scores, no text, no adapter."""
    if isinstance(backbone.item_embedding, AdaptedTexts | TwoVectors):
        with torch.no_grad():
            table = backbone.item_embedding.weight.float()
        backbone.item_embedding = nn.Embedding.from_pretrained(table, freeze=False, padding_idx=backbone.item_count)
