"""A new item's vector by a linear map of its text's embedding, fitted on the trained items."""

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from sracl.cold_items.space import Known, Texts, Vectors
from sracl.config import ColdItemsConfig


def of_regression(known: Known, texts: Texts, settings: ColdItemsConfig) -> Vectors:
    """Ridge regression: W minimises |E - T W|^2 + regularization |W|^2, both sides taken from their means."""
    mean_text, mean_vector = known.texts.mean(axis=0, dtype=np.float64), known.vectors.mean(axis=0, dtype=np.float64)
    centred = known.texts - mean_text
    gram = centred.T @ centred
    gram[np.diag_indices_from(gram)] += settings.regularization
    weights = cho_solve(cho_factor(gram), centred.T @ (known.vectors - mean_vector))
    made: Vectors = ((texts - mean_text) @ weights + mean_vector).astype(np.float32)
    return made
