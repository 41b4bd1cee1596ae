"""Leave-one-out: a user's last interaction tests, the one before validates, the rest trains."""

import numpy as np

from sracl.datasets.sequences import Sequences
from sracl.datasets.splits.base import Split, Targets

MINIMUM_LENGTH = 3
"""Users with fewer interactions train only: nothing would be left to predict from."""


def leave_one_out(histories: Sequences) -> Split:
    """The split of the paper: i_1 ... i_{n-2} train, i_{n-1} validates, i_n tests.

    Users with fewer than 3 interactions train with all of them. Where times are known, other users' training
    interactions may be later than a target: see `time_overlap`.
    """
    lengths = histories.lengths
    users = np.flatnonzero(lengths >= MINIMUM_LENGTH)
    training = lengths.copy()
    training[users] -= 2
    ends = histories.offsets[1:][users]
    validation = Targets(users, lengths[users] - 2, ends - 2)
    return Split("leave-one-out", histories, training, validation, Targets(users, lengths[users] - 1, ends - 1))
