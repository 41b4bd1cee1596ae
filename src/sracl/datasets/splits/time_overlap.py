"""How much of training is later than what is asked: what leave-one-out leaks across users in time."""

import numpy as np

from sracl.datasets.sequences import ranges
from sracl.datasets.splits.base import Part, Split
from sracl.datasets.splits.global_time import Times


def later_training_share(split: Split, times: Times, part: Part) -> float:
    """Mean over the targets of `part` of the share of training interactions that are later than the target.

    times: `[total]`, of all interactions. A user's own training interactions are never later. 0 for no targets.
    """
    places = ranges(split.histories.offsets[:-1], split.training_lengths)
    training = np.sort(times[places])
    asked = times[split.part(part).places]
    if not len(asked) or not len(training):
        return 0.0
    later = len(training) - np.searchsorted(training, asked, side="right")
    return float(later.mean() / len(training))
