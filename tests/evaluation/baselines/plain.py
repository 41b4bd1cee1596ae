"""Plain readings of the baselines: loops over users, items and pairs."""

from collections import Counter
from itertools import pairwise

import numpy as np

from sracl.datasets.sequences import Sequences
from support.lists import lists_of


def counts_of(training: Sequences) -> Counter[int]:
    """How often each item was bought."""
    return Counter(item for user in lists_of(training) for item in user)


def transitions_of(training: Sequences) -> Counter[tuple[int, int]]:
    """How often an item came right after another."""
    return Counter(pair for user in lists_of(training) for pair in pairwise(user))


def order_of(scores: np.ndarray) -> list[int]:
    """Items by falling score, the lower number first in a tie."""
    return np.argsort(-scores, kind="stable").tolist()
