"""What a step of pre-training hides: single items, and a segment of each row."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from sracl.backbones.rows import Rows, ranges
from sracl.objectives.batch import Batch


@dataclass(eq=False)
class Hidden:
    """The random choices of one step, over rows of rising length, `n` items in all.

    hidden: items to be found. segment: of each row of at least two items, `size` neighbouring ones. other: the items of
    a segment of the same size from elsewhere in training, at the segment's places; the rows' own at the others.
    """

    rows: Rows
    hidden: Bool[Tensor, "n"]
    segment: Bool[Tensor, "n"]
    other: Int[Tensor, "n"]

    def to(self, device: torch.device) -> "Hidden":
        """The same choices on `device`."""
        return Hidden(self.rows.to(device), self.hidden.to(device), self.segment.to(device), self.other.to(device))


def draw_hidden(batch: Batch, everything: Int[Tensor, "T"], masking: float, generator: torch.Generator) -> Hidden:
    """Cut every row at a place drawn uniformly, and hide.

    Each item is hidden with the probability `masking`, the last one always: that is what will be asked for. A segment
    has 1 to half of the row's items, and lies anywhere (both as in the authors' program, which reads every prefix in
    every epoch rather than one of each row). everything: all training items, user by user.
    """
    whole, chance = batch.rows.lengths, torch.rand(4, len(batch.rows), generator=generator, dtype=torch.float64)
    shortest = whole.clamp(max=2)
    lengths, order = torch.sort(shortest + _below(whole - shortest + 1, chance[0]), stable=True)
    rows = Rows(batch.rows.items[ranges(batch.rows.starts[order], lengths)], lengths)
    hidden = torch.rand(len(rows.items), generator=generator) < masking
    hidden[rows.last] = True
    size = 1 + _below((lengths // 2).clamp(min=1), chance[1])
    begin = _below(lengths - size + 1, chance[2])
    elsewhere = _below(len(everything) - size + 1, chance[3])
    owner, within = rows.owner, ranges(torch.zeros_like(lengths), lengths)
    place = within - begin[owner]
    segment = (place >= 0) & (place < size[owner]) & (lengths > 1)[owner]
    source = (elsewhere[owner] + place).clamp(0, len(everything) - 1)
    return Hidden(rows, hidden, segment, torch.where(segment, everything[source], rows.items))


def _below(bounds: Int[Tensor, "R"], chance: Tensor) -> Int[Tensor, "R"]:
    """Uniform whole numbers from 0 to `bounds` - 1, given numbers in [0, 1)."""
    return (chance * bounds).long()
