"""Rows of like length side by side: what must be padded, padded little."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from sracl.backbones.rows import ranges

GROUP_SHARES = (0.25, 0.5, 1.0)
"""Rows are padded within groups of like length: up to a quarter, half and all of the longest row of the call."""


@dataclass(frozen=True)
class Group:
    """G neighbouring rows of a packed call, padded to `longest` items, T.

    rows, places: which rows and which items of the call. lengths: `[G]`.
    slots: where the items stand among the `G * T` padded places, `[m]`; None where they are all of them.
    """

    rows: slice
    places: slice
    longest: int
    lengths: Int[Tensor, "G"]
    slots: Int[Tensor, "m"] | None

    def pad(self, values: Float[Tensor, "n w"]) -> Float[Tensor, "G T w"]:
        """The rows of this group out of the packed values, zeros behind each row."""
        own, count = values[self.places], self.lengths.shape[0]
        if self.slots is not None:
            own = own.new_zeros(count * self.longest, own.shape[1]).index_copy(0, self.slots, own)
        return own.view(count, self.longest, -1)

    def unpad(self, padded: Float[Tensor, "G T w"]) -> Float[Tensor, "m w"]:
        """The items' values without the padding, as they stand in the packed call."""
        flat = padded.flatten(0, 1)
        return flat if self.slots is None else flat.index_select(0, self.slots)


def groups_of(lengths: Int[Tensor, "R"]) -> Sequence[Group]:
    """Cut rows of rising `lengths` into groups of like length; on a GPU, where calls cost more than padding, one."""
    cuts = _cuts(lengths) if lengths.device.type == "cpu" else [len(lengths)]
    lasts = torch.tensor(cuts, device=lengths.device) - 1
    firsts = torch.cat([lasts.new_zeros(1), lasts[:-1] + 1])
    # Read from their device all at once.
    read = torch.stack([lengths[firsts], lengths[lasts], lengths.cumsum(0)[lasts]])
    groups: list[Group] = []
    first_row, first_place = 0, 0
    for last_row, shortest, longest, last_place in zip(cuts, *read.tolist(), strict=True):
        own = lengths[first_row:last_row]
        starts = torch.arange(len(own), device=own.device) * longest
        slots = None if shortest == longest else ranges(starts, own, last_place - first_place)
        groups.append(Group(slice(first_row, last_row), slice(first_place, last_place), longest, own, slots))
        first_row, first_place = last_row, last_place
    return groups


def padded_group(rows: int, longest: int, lengths: Int[Tensor, "R"]) -> Group:
    """All rows as one group whose places, padding included, are the call's items."""
    return Group(slice(0, rows), slice(0, rows * longest), longest, lengths, None)


def _cuts(lengths: Int[Tensor, "R"]) -> list[int]:
    longest = int(lengths[-1])
    bounds = torch.tensor([max(1, int(share * longest)) for share in GROUP_SHARES], device=lengths.device)
    ends = torch.searchsorted(lengths, bounds, right=True)
    return sorted({end for end in ends.tolist() if end > 0})
