"""What every split says: how far each user's history trains, and what is asked of the model afterwards."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sracl.datasets.sequences import Int64, Sequences, ranges

Part = Literal["validation", "test"]
PARTS: tuple[Part, ...] = ("validation", "test")


@dataclass(frozen=True)
class Targets:
    """What one part asks: each target is one interaction, to be predicted from its user's earlier ones.

    users: number of each target's user, rising, int64 `[n]`; a user may have several targets.
    lengths: how many of the user's oldest interactions the model reads before it answers, at least 1, int64 `[n]`.
    places: where the target stands among the values of the histories, int64 `[n]`.
    without_history: how many targets (of users with one target each: how many users) were left out because nothing
    comes before them.
    """

    users: Int64
    lengths: Int64
    places: Int64
    without_history: int = 0

    def __len__(self) -> int:
        return len(self.users)

    def chosen(self, rows: NDArray[np.integer]) -> "Targets":
        """The targets of these rising numbers."""
        return replace(self, users=self.users[rows], lengths=self.lengths[rows], places=self.places[rows])


@dataclass(frozen=True)
class Split:
    """The first `training_lengths` interactions of each history train; validation and test ask for later ones.

    name: as the configuration and every record of metrics call it. histories: all interactions, oldest first.
    training_lengths: int64 `[users]`, 0 for a user who is unknown at training.
    cuts: the moments where validation and test begin, as people write them; None where there are none.
    """

    name: str
    histories: Sequences
    training_lengths: Int64
    validation: Targets
    test: Targets
    cuts: tuple[str, str] | None = None

    @cached_property
    def training(self) -> Sequences:
        """Every user's training items, copied; empty for a user who is unknown at training."""
        return self.beginnings(self.training_lengths)

    def part(self, part: Part) -> Targets:
        """The targets of `validation` or `test`."""
        return {"validation": self.validation, "test": self.test}[part]

    def with_some(self, part: Part, count: int | None, seed: int) -> "Split":
        """The same with `count` of a part's targets, drawn by `seed`; itself for None or where the part has no more."""
        whole = self.part(part)
        if count is None or count >= len(whole):
            return self
        some = whole.chosen(np.sort(np.random.default_rng(seed).permutation(len(whole))[:count]))
        return replace(self, validation=some) if part == "validation" else replace(self, test=some)

    def inputs(self, part: Part) -> Sequences:
        """What the model reads before it answers, a sequence a target."""
        asked = self.part(part)
        starts = self.histories.offsets[asked.users]
        return Sequences.from_lengths(self.histories.values[ranges(starts, asked.lengths)], asked.lengths)

    def targets(self, part: Part) -> Int64:
        """Item number of every target, `[n]`."""
        return self.histories.values[self.part(part).places].astype(np.int64)

    def known(self, part: Part) -> NDArray[np.bool_]:
        """Whether each target's item occurs in training, `[n]`; of one that does not, nobody's choice was learnt."""
        return self._trained_items[self.targets(part)]

    def through_validation(self) -> Sequences:
        """Every user's training items and what follows up to and with the last validation target."""
        lengths = self.training_lengths.copy()
        ends = self.validation.places + 1 - self.histories.offsets[self.validation.users]
        np.maximum.at(lengths, self.validation.users, ends)
        return self.beginnings(lengths)

    def beginnings(self, lengths: Int64) -> Sequences:
        """The first `lengths` items of each history, `[users]`."""
        return Sequences.from_lengths(self.histories.values[ranges(self.histories.offsets[:-1], lengths)], lengths)

    def facts(self) -> dict[str, Any]:
        """Name, cuts and counts, as the record of metrics holds them."""
        lengths = self.training_lengths
        training = {"interactions": int(lengths.sum()), "users": int((lengths > 0).sum())}
        return {"name": self.name, "cuts": self.cuts, "training": training} | {
            part: self._facts_of(part) for part in PARTS
        }

    def _facts_of(self, part: Part) -> dict[str, int]:
        asked = self.part(part)
        users = np.unique(asked.users)
        return {
            "targets": len(asked),
            "users": len(users),
            "targets_left_out_without_history": asked.without_history,
            "users_unknown_at_training": int((self.training_lengths[users] == 0).sum()),
            "targets_of_items_unknown_at_training": int((~self.known(part)).sum()),
            "items_read_unknown_at_training": int((~self._trained_items[self.inputs(part).values]).sum()),
        }

    @cached_property
    def _trained_items(self) -> NDArray[np.bool_]:
        values = self.histories.values
        occurs = np.zeros(int(values.max()) + 1 if len(values) else 0, dtype=bool)
        occurs[self.training.values] = True
        return occurs
