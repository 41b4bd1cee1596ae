"""Histories, batches and embeddings to compute losses on."""

import numpy as np
import torch

from sracl.datasets.sequences import Sequences
from sracl.objectives.batch import Batch
from sracl.training.batches import TrainingRows


def histories_of(lengths: list[int], items: int, seed: int = 0) -> Sequences:
    """A history of random items for each length."""
    random = np.random.default_rng(seed)
    total = sum(lengths)
    return Sequences.from_sorted(
        np.repeat(np.arange(len(lengths)), lengths), random.integers(0, items, total), len(lengths)
    )


def whole_batch(histories: Sequences, max_length: int) -> Batch:
    """All training rows of the histories as one batch."""
    rows = TrainingRows.of(histories, max_length)
    return rows.batch(np.arange(len(rows)))


def unit_vectors(rows: int, dimension: int, seed: int = 0) -> np.ndarray:
    """Random unit vectors, float32."""
    vectors = np.random.default_rng(seed).normal(size=(rows, dimension)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def generator(seed: int = 0) -> torch.Generator:
    """A generator from a seed."""
    return torch.Generator().manual_seed(seed)
