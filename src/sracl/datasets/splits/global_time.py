"""Global time: two moments for all users; training before the first, validation after it, test after the second."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from sracl.datasets.clock import Clock, as_number, as_text
from sracl.datasets.sequences import Sequences
from sracl.datasets.splits.base import Split, Targets
from sracl.errors import InputError

Times = NDArray[np.int64] | NDArray[np.float64]
Cut = float | datetime
"""A share of all interactions, above 0 and below 1, or a date."""


@dataclass(frozen=True)
class Moments:
    """When each interaction of the histories happened.

    times: `[total]`, never falling within a history, finite. clock: their unit.
    """

    times: Times
    clock: Clock

    def of(self, cut: Cut) -> float:
        """The time at a cut: no more than that share of the interactions come before it, or none but earlier dates."""
        if isinstance(cut, datetime):
            return as_number(cut, self.clock)
        place = min(int(cut * len(self.times)), len(self.times) - 1)
        return float(np.partition(self.times, place)[place])

    def told(self, time: float) -> str:
        """A time as people write it."""
        return as_text(time, self.clock)


def global_time(histories: Sequences, moments: Moments, cuts: tuple[Cut, Cut], every: bool = False) -> Split:
    """Interactions before the first cut train; targets lie between the cuts (validation) and after the second (test).

    A cut's own moment belongs to what follows it. A target is each user's first interaction of its part that something
    comes before, or `every` such one; the model reads all that the user did before the target's moment, never what
    happened in it. So nothing in training is as late as a target, nor is anything that is read. Users of a part (of
    `every`: interactions) with nothing before them cannot be asked and are counted. Raises InputError where the cuts
    leave a part empty.
    """
    if not len(moments.times):
        raise InputError("there are no interactions to split")
    first, second = moments.of(cuts[0]), moments.of(cuts[1])
    begins, ends = moments.told(first), moments.told(second)
    if not first < second:
        raise InputError(
            f"dataset.split.validation falls on {begins} and dataset.split.test on {ends}; {_reach(moments)}.\n"
            "The second must be later than the first: set them further apart."
        )
    before = np.concatenate([[0], np.cumsum(moments.times < first)])
    training = (before[histories.offsets[1:]] - before[histories.offsets[:-1]]).astype(np.int64)
    validation = _targets(histories, moments.times, (moments.times >= first) & (moments.times < second), every)
    test = _targets(histories, moments.times, moments.times >= second, every)
    for part, count in (("training", training.sum()), ("validation", len(validation)), ("test", len(test))):
        if not count:
            raise InputError(
                f"the cuts {begins} and {ends} leave nothing for {part}; {_reach(moments)}.\n"
                "Move dataset.split.validation or dataset.split.test."
            )
    return Split("global-time", histories, training, validation, test, (begins, ends))


def _targets(histories: Sequences, times: Times, within: NDArray[np.bool_], every: bool) -> Targets:
    places = np.flatnonzero(within)
    users = np.searchsorted(histories.offsets, places, side="right") - 1
    lengths = _moment_begins(histories, times)[places] - histories.offsets[users]
    wanted = len(places) if every else len(np.unique(users))
    asked = np.flatnonzero(lengths > 0)
    if not every:
        asked = asked[np.unique(users[asked], return_index=True)[1]]
    return Targets(users[asked], lengths[asked], places[asked], wanted - len(asked))


def _moment_begins(histories: Sequences, times: Times) -> NDArray[np.int64]:
    """For every interaction the place of its user's first one at the same time, `[total]`."""
    new = np.ones(len(times), dtype=bool)
    new[1:] = times[1:] != times[:-1]
    starts = histories.offsets[:-1]
    new[starts[starts < len(times)]] = True
    return np.maximum.accumulate(np.where(new, np.arange(len(times)), 0))


def _reach(moments: Moments) -> str:
    lowest, highest = moments.times.min().item(), moments.times.max().item()
    return f"the data reach from {moments.told(lowest)} to {moments.told(highest)}"
