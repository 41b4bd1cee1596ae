"""Which prefixes may be neighbours, and whose: the two protocols."""

from typing import Literal

import numpy as np

from sracl.datasets.prefixes import PrefixPool
from sracl.datasets.splits import Split
from sracl.errors import SraclError
from sracl.semantics.retrieval import Exclusion

Protocol = Literal["strict", "paper"]


def prefix_pool(split: Split, protocol: Protocol, max_length: int) -> PrefixPool:
    """The prefixes that the semantic stages see.

    `strict`: those of training items. `paper`: also those that end in validation items, as in the authors' released
    program.
    """
    if protocol == "strict":
        return PrefixPool(split.training, max_length)
    return PrefixPool(split.through_validation(), max_length, split.training_lengths)


def exclusion(pool: PrefixPool, protocol: Protocol) -> Exclusion:
    """`strict`: a prefix's neighbours are other users' prefixes. `paper`: any prefix but itself."""
    if protocol == "strict":
        return Exclusion.same_owner(pool.sequences.offsets)
    return Exclusion.itself(len(pool))


def assert_training_only(pool: PrefixPool, split: Split) -> None:
    """Raise SraclError if the pool holds anything but each user's training items, in order."""
    own, allowed = pool.sequences, split.training
    if not (np.array_equal(own.offsets, allowed.offsets) and np.array_equal(own.values, allowed.values)):
        raise SraclError("under `strict` the pool must hold training interactions only, and it holds others")


def same_user_share(pool: PrefixPool, neighbours: np.ndarray) -> float:
    """Share of all prefixes' neighbours that are prefixes of the same user; 0 where there are no neighbours."""
    same = total = 0
    for begin in range(0, len(neighbours), 1 << 18):
        block = np.asarray(neighbours[begin : begin + (1 << 18)])
        queries, _ = np.nonzero(block >= 0)
        same += int((pool.users_of(queries + begin) == pool.users_of(block[block >= 0])).sum())
        total += len(queries)
    return same / total if total else 0.0
