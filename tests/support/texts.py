"""Embeddings of texts that tell what kind of thing an item is, and histories in which kinds follow kinds."""

import numpy as np

from sracl.datasets.sequences import Sequences
from sracl.datasets.splits import Split, leave_one_out

KINDS = 6


def texts_of_kinds(items: int, dimension: int = 12, seed: int = 0) -> np.ndarray:
    """Unit rows around one centre a kind, float32 `[items, dimension]`; item i is of kind i % KINDS."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(KINDS, dimension))
    rows = centres[np.arange(items) % KINDS] + 0.1 * random.normal(size=(items, dimension)) + 1.0
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def kinds_in_turn(items: int, new: int, users: int = 80, seed: int = 0) -> Split:
    """Users go from kind to kind in turn, to any item of it; the `new` last items are test targets alone."""
    random = np.random.default_rng(seed)
    known = (items - new) // KINDS
    histories = []
    for _ in range(users):
        kinds = (random.integers(KINDS) + np.arange(random.integers(6, 12))) % KINDS
        history = kinds + KINDS * random.integers(0, known, len(kinds))
        fitting = [item for item in range(items - new, items) if item % KINDS == kinds[-1]]
        history[-1] = random.choice(fitting)
        histories.append(history)
    owners = np.repeat(np.arange(users), [len(history) for history in histories])
    return leave_one_out(Sequences.from_sorted(owners, np.concatenate(histories), users))
