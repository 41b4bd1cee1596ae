"""Leave-one-out: a user's last interaction tests, the one before validates, the rest trains."""

from dataclasses import dataclass

import numpy as np

from sracl.datasets.sequences import Int64, Sequences, ranges

MINIMUM_LENGTH = 3
"""Users with fewer interactions train only: nothing would be left to predict from."""


@dataclass(frozen=True)
class LeaveOneOut:
    """The split of the paper: i_1 ... i_{n-2} train, i_{n-1} validates, i_n tests.

    training: every user's training items; users with fewer than 3 interactions keep them all.
    users: numbers of the users that are evaluated, `[evaluated]`, rising.
    validation, test: their target items, `[evaluated]`.
    """

    histories: Sequences
    training: Sequences
    users: Int64
    validation: Int64
    test: Int64

    @classmethod
    def of(cls, histories: Sequences) -> "LeaveOneOut":
        """Split `histories` without copying more than the training items."""
        lengths = histories.lengths
        evaluated = lengths >= MINIMUM_LENGTH
        kept = np.where(evaluated, lengths - 2, lengths)
        training = Sequences.from_lengths(histories.values[ranges(histories.offsets[:-1], kept)], kept)
        ends = histories.offsets[1:][evaluated]
        values = histories.values
        return cls(
            histories,
            training,
            np.flatnonzero(evaluated),
            values[ends - 2].astype(np.int64),
            values[ends - 1].astype(np.int64),
        )

    def inputs(self, part: str) -> Sequences:
        """What the model reads before the target of `part` (`validation` or `test`), a sequence an evaluated user."""
        held_out = {"validation": 2, "test": 1}[part]
        lengths = self.histories.lengths[self.users] - held_out
        starts = self.histories.offsets[:-1][self.users]
        return Sequences.from_lengths(self.histories.values[ranges(starts, lengths)], lengths)

    def targets(self, part: str) -> Int64:
        """Target item of every evaluated user, `[evaluated]`."""
        return {"validation": self.validation, "test": self.test}[part]
