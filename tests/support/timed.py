"""Timed histories as lists of (item, time), and as the arrays that splits take."""

import numpy as np

from sracl.datasets.sequences import Sequences

Timed = list[list[tuple[int, int]]]
"""A list of (item, time) a user, in any order."""


def flat_timed(users: Timed) -> tuple[Sequences, np.ndarray]:
    """Histories in time order, ties as they stand, and the times beside their values."""
    ordered = [sorted(history, key=lambda pair: pair[1]) for history in users]
    items = np.array([item for history in ordered for item, _ in history], dtype=np.int64)
    times = np.array([time for history in ordered for _, time in history], dtype=np.int64)
    return Sequences.from_lengths(items, np.array([len(history) for history in ordered], dtype=np.int64)), times
