"""Which prefixes get a profile of their own, and whose profile the others take."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sracl.datasets.prefixes import PrefixPool

Policy = Literal["every-prefix", "every-n", "last"]


def profile_of(pool: PrefixPool, policy: Policy, every: int) -> NDArray[np.int64]:
    """For every prefix of the pool the number of the prefix whose profile it takes, `[P]`; its own where it has one.

    every-prefix: its own (the paper). every-n: those with 1, 1 + n, 1 + 2n ... items have one; the others take the
    latest earlier one of the same user. last: each user's last training prefix, for all of the user's prefixes; it has
    read training interactions only, under both protocols. (A user of a `paper` pool who has none takes the first.)
    """
    numbers = np.arange(len(pool), dtype=np.int64)
    if policy == "every-prefix":
        return numbers
    if policy == "every-n":
        return numbers - (pool.positions - 1) % every
    users = pool.users
    return pool.number(users, pool.last_trained[users])
