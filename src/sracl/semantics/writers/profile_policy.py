"""Which prefixes get a profile of their own, and whose profile the others take."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sracl.datasets.prefixes import PrefixPool
from sracl.datasets.sequences import Int64

Policy = Literal["every-prefix", "every-n", "last"]


def profile_of(pool: PrefixPool, policy: Policy, every: int) -> NDArray[np.int64]:
    """For every prefix of the pool the number of the prefix whose profile it takes, `[P]`; its own where it has one.

    every-prefix: its own (the paper). every-n: those with 1, 1 + n, 1 + 2n ... items have one; the others take the
    latest earlier one of the same user. last: each user's last training prefix, for all of the user's prefixes; it has
    read training interactions only, under both protocols. (A user of a `paper` pool who has none takes the first.)
    """
    users, positions = pool.users, pool.positions
    return pool.number(users, profiled_positions(positions, pool.last_trained[users], policy, every))


def profiled_positions(positions: Int64, last_trained: Int64, policy: Policy, every: int) -> Int64:
    """For prefixes of `positions` items of users with `last_trained` training items: how long the one profiled is."""
    match policy:
        case "every-prefix":
            return positions
        case "every-n":
            return positions - (positions - 1) % every
        case "last":
            return last_trained
