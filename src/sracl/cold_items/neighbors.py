"""A new item's vector as the mean of its semantic neighbours'."""

import numpy as np
import torch

from sracl.cold_items.space import Known, Texts, Vectors
from sracl.config import ColdItemsConfig

MEMORY = 64 * 2**20
"""Bytes of similarities held at a time."""


def of_neighbors(known: Known, texts: Texts, settings: ColdItemsConfig) -> Vectors:
    """sum_i w_i E_i over the `neighbors` trained items most alike by cosine, w = softmax(cosine / temperature)."""
    table, vectors = torch.from_numpy(known.texts), torch.from_numpy(known.vectors)
    k = min(settings.neighbors, len(table))
    made = []
    for part in torch.from_numpy(texts).split(max(1, MEMORY // (4 * len(table)))):
        cosines, nearest = (part @ table.T).topk(k, dim=1)
        weights = torch.softmax(cosines / settings.temperature, dim=1)
        made.append(torch.einsum("mk,mkd->md", weights, vectors[nearest]))
    return torch.cat(made).numpy() if made else np.empty((0, vectors.shape[1]), dtype=np.float32)
