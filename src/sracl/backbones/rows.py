"""Rows of items of unequal length, flat: what backbones read and objectives draw."""

from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass

import torch
from jaxtyping import Int
from torch import Tensor


def ranges(starts: Int[Tensor, "R"], lengths: Int[Tensor, "R"], total: int | None = None) -> Int[Tensor, "n"]:
    """`start, start + 1, ... start + length - 1` for every row, one after another.

    total: the sum of `lengths`, where it is known: a GPU need not be asked for it and waited for.
    """
    ends = lengths.cumsum(0)
    if total is None:
        total = int(ends[-1]) if len(ends) else 0
    within = torch.arange(total, device=starts.device)
    return within + torch.repeat_interleave(starts - (ends - lengths), lengths, output_size=total)


@dataclass(eq=False)
class Rows:
    """R rows of item numbers, oldest first, one after another; no row is empty.

    items: `[n]` int64, the rows' items; lengths: `[R]` int64, at least 1 each, `n` in all.
    """

    items: Int[Tensor, "n"]
    lengths: Int[Tensor, "R"]

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def starts(self) -> Int[Tensor, "R"]:
        """Place of each row's first item in `items`."""
        return self.lengths.cumsum(0) - self.lengths

    @property
    def last(self) -> Int[Tensor, "R"]:
        """Place of each row's last item in `items`."""
        return self.lengths.cumsum(0) - 1

    @property
    def owner(self) -> Int[Tensor, "n"]:
        """Row number of every item."""
        return torch.repeat_interleave(
            torch.arange(len(self), device=self.items.device), self.lengths, output_size=len(self.items)
        )

    def up_to(self, places: Int[Tensor, "A"]) -> "Rows":
        """For every place in `items`, its row from the start up to and with that place."""
        starts = self.starts[self.owner[places]]
        lengths = places - starts + 1
        return Rows(self.items[ranges(starts, lengths)], lengths)

    def chosen(self, numbers: Int[Tensor, "C"]) -> "Rows":
        """The rows of these numbers, in their order."""
        lengths = self.lengths[numbers]
        return Rows(self.items[ranges(self.starts[numbers], lengths)], lengths)

    def to(self, device: torch.device) -> "Rows":
        """The same rows on `device`."""
        if self.items.device == device:
            return self
        return Rows(self.items.to(device, non_blocking=True), self.lengths.to(device, non_blocking=True))


def joined(parts: SequenceOf[Rows]) -> Rows:
    """All rows of all parts, in order."""
    return Rows(torch.cat([part.items for part in parts]), torch.cat([part.lengths for part in parts]))
