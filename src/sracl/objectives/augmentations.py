"""Operators that change rows of items: crop, mask, reorder, substitute, insert; all rows at once, no loop over them."""

from collections.abc import Callable, Sequence
from typing import Annotated

import torch
from jaxtyping import Bool, Float, Int
from pydantic import Field
from torch import Tensor

from sracl.backbones.rows import Rows, joined, ranges

Share = Annotated[float, Field(ge=0, le=1)]


Operator = Callable[[Rows, torch.Generator], Rows]
"""Gives a changed row for every row, in the rows' order, none of them empty; what it draws comes from the generator."""


class Crop:
    """Keeps floor(share x n) items in a row, one at least, from a place drawn uniformly (CL4SRec, "item crop")."""

    def __init__(self, share: float) -> None:
        self.share = share

    def __call__(self, rows: Rows, generator: torch.Generator) -> Rows:
        """Shorter rows."""
        kept = part(rows.lengths, self.share).clamp(min=1)
        begins = below(rows.lengths - kept + 1, generator)
        return Rows(rows.items[ranges(rows.starts + begins, kept)], kept)


class Mask:
    """Puts `blank` in the place of floor(share x n) items, drawn uniformly (CL4SRec, "item mask").

    blank: the number of an item that stands for none, whose vector is zeros: the backbone's that pads.
    """

    def __init__(self, share: float, blank: int) -> None:
        self.share = share
        self.blank = blank

    def __call__(self, rows: Rows, generator: torch.Generator) -> Rows:
        """Rows of the same lengths."""
        masked = some(rows, part(rows.lengths, self.share), generator)
        return Rows(rows.items.masked_fill(masked, self.blank), rows.lengths)


class Reorder:
    """Shuffles floor(share x n) items in a row, from a place drawn uniformly (CL4SRec, "item reorder")."""

    def __init__(self, share: float) -> None:
        self.share = share

    def __call__(self, rows: Rows, generator: torch.Generator) -> Rows:
        """The same items in another order."""
        count = part(rows.lengths, self.share)
        owner = rows.owner
        begin = (rows.starts + below(rows.lengths - count + 1, generator))[owner]
        place = torch.arange(len(owner))
        shuffled = (place >= begin) & (place < begin + count[owner])
        # Places inside get any number of the window; sorting leaves all others, whole numbers outside it, in place.
        chance = torch.rand(len(owner), generator=generator, dtype=torch.float64)
        order = torch.argsort(torch.where(shuffled, begin + chance * count[owner], place.double()), stable=True)
        return Rows(rows.items[order], rows.lengths)


class Substitute:
    """Puts partners in the place of max(1, floor(share x n)) items, drawn uniformly (CoSeRec, "substitute").

    partners: `[N]`, the item most correlated with each; -1 where there is none, and the item stays.
    """

    def __init__(self, share: float, partners: Int[Tensor, "N"]) -> None:
        self.share = share
        self.partners = partners

    def __call__(self, rows: Rows, generator: torch.Generator) -> Rows:
        """Rows of the same lengths."""
        chosen = some(rows, part(rows.lengths, self.share).clamp(min=1), generator)
        partner = self.partners[rows.items]
        return Rows(torch.where(chosen & (partner >= 0), partner, rows.items), rows.lengths)


class Insert:
    """Puts partners before max(1, floor(share x n)) items, drawn uniformly (CoSeRec, "insert").

    partners: as in `Substitute`; nothing is put before an item without one. Of rows that become longer than
    `max_length` the most recent items stay.
    """

    def __init__(self, share: float, partners: Int[Tensor, "N"], max_length: int) -> None:
        self.share = share
        self.partners = partners
        self.max_length = max_length

    def __call__(self, rows: Rows, generator: torch.Generator) -> Rows:
        """Longer rows."""
        chosen = some(rows, part(rows.lengths, self.share).clamp(min=1), generator)
        partner = self.partners[rows.items]
        inserted = chosen & (partner >= 0)
        # An item stands at the end of its one or two places, what is inserted before it.
        ends = (1 + inserted.long()).cumsum(0)
        items = partner.new_empty(int(ends[-1]) if len(ends) else 0)
        items[ends - 1] = rows.items
        items[ends[inserted] - 2] = partner[inserted]
        lengths = rows.lengths.index_add(0, rows.owner, inserted.long())
        kept = lengths.clamp(max=self.max_length)
        return Rows(items[ranges(lengths.cumsum(0) - kept, kept)], kept)


class OneOf:
    """Changes each row by one of several operators, drawn uniformly."""

    def __init__(self, operators: Sequence[Operator]) -> None:
        self.operators = operators

    def __call__(self, rows: Rows, generator: torch.Generator) -> Rows:
        """Each row by its operator, in the rows' order."""
        choice = below(torch.full_like(rows.lengths, len(self.operators)), generator)
        return by_kind(rows, choice, self.operators, generator)


class ByLength:
    """Changes rows of at most `longest_short` items by one operator, longer ones by another (CoSeRec, section 3.3)."""

    def __init__(self, longest_short: int, short: Operator, long: Operator) -> None:
        self.longest_short = longest_short
        self.operators = (short, long)

    def __call__(self, rows: Rows, generator: torch.Generator) -> Rows:
        """Each row by its operator, in the rows' order."""
        return by_kind(rows, (rows.lengths > self.longest_short).long(), self.operators, generator)


def by_kind(rows: Rows, kind: Int[Tensor, "R"], operators: Sequence[Operator], generator: torch.Generator) -> Rows:
    """Row r changed by the operator `kind[r]`."""
    order = torch.argsort(kind, stable=True)
    counts = torch.bincount(kind, minlength=len(operators)).tolist()
    groups = zip(operators, order.split(counts), strict=True)
    changed = joined([operator(rows.chosen(numbers), generator) for operator, numbers in groups])
    back = torch.empty_like(order)
    back[order] = torch.arange(len(order))
    return changed.chosen(back)


def part(lengths: Int[Tensor, "R"], share: float) -> Int[Tensor, "R"]:
    """floor(share x n) of each length n, in double precision as Python computes it."""
    return (lengths.double() * share).floor().long()


def below(bounds: Int[Tensor, "R"], generator: torch.Generator) -> Int[Tensor, "R"]:
    """For every bound a whole number from 0 to it, itself left out, uniformly."""
    chance = torch.rand(len(bounds), generator=generator, dtype=torch.float64)
    return (chance * bounds).long()


def some(rows: Rows, counts: Int[Tensor, "R"], generator: torch.Generator) -> Bool[Tensor, "n"]:
    """Whether a place is one of the `counts` of its row that are drawn, uniformly and each once."""
    chance: Float[Tensor, "n"] = torch.rand(len(rows.items), generator=generator, dtype=torch.float64)
    order = torch.argsort(rows.owner + chance)
    rank = torch.empty_like(order)
    rank[order] = torch.arange(len(order))
    return rank - rows.starts[rows.owner] < counts[rows.owner]
