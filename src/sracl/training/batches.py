"""Training rows cut from histories, and the batches of an epoch, without a Python loop over rows."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from sracl.backbones.rows import Rows
from sracl.datasets.sequences import Int64, Sequences, ranges
from sracl.objectives.batch import NO_TARGET, Batch


@dataclass(frozen=True)
class TrainingRows:
    """The rows of one epoch; a row reads `lengths` items from `starts` on and predicts the item after each.

    sequences: the users' training items. users, starts, lengths: `[rows]`.
    first_targets: `[rows]`, the place within the row from which on targets count.

    A history longer than `max_length` is cut into windows that overlap by half, so that a prefix sees at least half of
    `max_length` items. Every prefix is a target once: of the first window all places carry one, of the others those
    that no earlier window has covered.
    """

    sequences: Sequences
    users: Int64
    starts: Int64
    lengths: Int64
    first_targets: Int64

    @classmethod
    def of(cls, sequences: Sequences, max_length: int) -> "TrainingRows":
        """Cut every sequence with at least two items into rows of at most `max_length` items."""
        inputs = np.maximum(sequences.lengths - 1, 0)
        step = max(1, max_length // 2)
        windows = np.where(inputs > 0, 1 + -(-np.maximum(inputs - max_length, 0) // step), 0)
        users = np.repeat(np.arange(len(sequences)), windows)
        window = ranges(np.zeros_like(windows), windows)
        ends = np.minimum(max_length + window * step, inputs[users])
        begins = np.maximum(ends - max_length, 0)
        covered = np.where(window > 0, max_length + (window - 1) * step, 0)
        return cls(sequences, users, sequences.offsets[users] + begins, ends - begins, covered - begins)

    @classmethod
    def whole(cls, sequences: Sequences, max_length: int) -> "TrainingRows":
        """Rows that read every sequence up to its end, where the last place's target is the item read there.

        For what hides items and has no use for targets. Sequences of one item are rows too.
        """
        lengths = sequences.lengths + (sequences.lengths > 0)
        places = np.minimum(ranges(sequences.offsets[:-1], lengths), np.repeat(sequences.offsets[1:], lengths) - 1)
        return cls.of(Sequences.from_lengths(sequences.values[places], lengths), max_length)

    def __len__(self) -> int:
        return len(self.users)

    @property
    def target_count(self) -> int:
        """Number of targets of an epoch."""
        return int((self.lengths - self.first_targets).sum())

    def batch(self, rows: Int64) -> Batch:
        """The batch of some rows, on the processor."""
        starts, lengths = self.starts[rows], self.lengths[rows]
        places = ranges(starts, lengths)
        within = ranges(np.zeros_like(lengths), lengths)
        targets = self.sequences.values[places + 1].astype(np.int64)
        targets[within < np.repeat(self.first_targets[rows], lengths)] = NO_TARGET
        positions = places - np.repeat(self.sequences.offsets[self.users[rows]], lengths) + 1
        items = self.sequences.values[places].astype(np.int64)
        return Batch(
            rows=Rows(torch.from_numpy(items), torch.from_numpy(lengths)),
            users=torch.from_numpy(self.users[rows]),
            targets=torch.from_numpy(targets),
            positions=torch.from_numpy(positions),
        )

    def epoch(
        self, targets_per_step: int, generator: torch.Generator, process: int = 0, processes: int = 1
    ) -> Iterator[Batch]:
        """All rows in random order, in batches of about `targets_per_step` targets.

        Where several processes share a step, each gets every `processes`-th row of the batch that one process would
        get. One that is left without a row gets the first without targets, so that all take part in every step.
        """
        order = torch.randperm(len(self), generator=generator).numpy()
        for rows in np.split(order, self._cuts(order, targets_per_step)):
            own = rows[process::processes]
            yield self.batch(own) if len(own) else self.batch(rows[:1]).without_targets()

    def _cuts(self, order: Int64, targets_per_step: int) -> Int64:
        """Where to cut `order`: a batch ends with the row that brings it to `targets_per_step` targets."""
        targets = np.cumsum(self.lengths[order] - self.first_targets[order])
        step = (targets - 1) // targets_per_step
        return np.flatnonzero(np.diff(step)) + 1
