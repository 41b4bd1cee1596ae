"""Sequences from lists and back."""

import numpy as np

from sracl.datasets.sequences import Sequences


def flat(lists: list[list[int]]) -> Sequences:
    """Lists as sequences."""
    owners = np.repeat(np.arange(len(lists)), [len(part) for part in lists]).astype(np.int64)
    return Sequences.from_sorted(owners, np.array([n for part in lists for n in part], dtype=np.int64), len(lists))


def lists_of(sequences: Sequences) -> list[list[int]]:
    """Sequences as lists."""
    return [part.tolist() for part in sequences]
