"""The interface of every backbone: rows of items in, a vector a position out."""

from abc import ABC, abstractmethod
from typing import ClassVar, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from sracl.backbones.rows import Rows, ranges

GROUP_SHARES = (0.25, 0.5, 1.0)
"""Rows are padded within groups of like length: up to a quarter, half and all of the longest row of the call."""


class Backbone(nn.Module, ABC):
    """A sequence encoder f: knows items and their order, and nothing of losses, texts or data frames.

    A subclass sets `causal`, calls `super().__init__` and implements `encode`. Its output is compared with the rows of
    `item_embedding` by dot products, so both have `dimension` columns.

    item_count: number of items N. Item numbers are 0 ... N-1; N is the number that pads, with a vector of zeros.
    """

    causal: ClassVar[bool]
    """True where a position's output depends on no later item: then one pass serves all prefixes of a row."""

    def __init__(self, item_count: int, dimension: int, max_length: int) -> None:
        super().__init__()
        self.item_count = item_count
        self.dimension = dimension
        self.max_length = max_length
        self.item_embedding = nn.Embedding(item_count + 1, dimension, padding_idx=item_count)

    @abstractmethod
    def encode(self, embedded: Float[Tensor, "B T d"], lengths: Int[Tensor, "B"]) -> Float[Tensor, "B T d"]:
        """Hidden states of padded rows: `embedded` holds item vectors, zeros after each row's `lengths` items.

        What stands at the padded places of the result does not matter.
        """

    def encode_last(self, embedded: Float[Tensor, "B T d"], lengths: Int[Tensor, "B"]) -> Float[Tensor, "B d"]:
        """Hidden state of each padded row's last item; a subclass may save the work that only other places need."""
        return self.encode(embedded, lengths)[torch.arange(len(lengths), device=lengths.device), lengths - 1]

    @property
    def item_table(self) -> Float[Tensor, "N d"]:
        """Vectors of all items, without the one that pads."""
        return self.item_embedding.weight[: self.item_count]

    def states(self, rows: Rows) -> Float[Tensor, "n d"]:
        """State at every place of `rows`: f of the row's prefix that ends there.

        A causal backbone gives them in one pass; any other encodes every prefix as a row of its own.
        """
        if not self.causal:
            return self.last_states(rows.up_to(torch.arange(len(rows.items), device=rows.items.device)))
        groups, places = self._padded_groups(rows)
        states = [
            self.encode(group.padded, group.lengths).flatten(0, 1).index_select(0, group.slots) for group in groups
        ]
        return torch.cat(states).index_select(0, _inverse(places))

    def last_states(self, rows: Rows) -> Float[Tensor, "R d"]:
        """The vector f of every whole row, in the rows' order."""
        groups, _ = self._padded_groups(rows)
        states = [self.encode_last(group.padded, group.lengths) for group in groups]
        return torch.cat(states).index_select(0, _inverse(torch.argsort(rows.lengths, stable=True)))

    def _padded_groups(self, rows: Rows) -> tuple[list["_Group"], Int[Tensor, "n"]]:
        """Rows sorted by length, padded within groups; and the place in `rows` of every item in that order."""
        lengths, order = torch.sort(rows.lengths, stable=True)
        places = ranges(rows.starts[order], lengths)
        # One look-up for all groups: its gradient is as large as the catalogue.
        embedded = self.item_embedding(rows.items[places])
        row_ends = lengths.cumsum(0)
        groups, first_row, first_place = [], 0, 0
        for last_row in _group_ends(lengths):
            last_place = int(row_ends[last_row - 1])
            groups.append(_padded(embedded[first_place:last_place], lengths[first_row:last_row]))
            first_row, first_place = last_row, last_place
        return groups, places


class _Group(NamedTuple):
    """Rows of like length. padded: `[G, T, d]`; lengths: `[G]`; slots: places of the real items in `[G * T]`."""

    padded: Tensor
    lengths: Tensor
    slots: Tensor


def _padded(embedded: Float[Tensor, "m d"], lengths: Int[Tensor, "G"]) -> _Group:
    count, longest, dimension = len(lengths), int(lengths.max()), embedded.shape[1]
    slots = ranges(torch.arange(count, device=lengths.device) * longest, lengths)
    padded = embedded.new_zeros(count * longest, dimension).index_copy(0, slots, embedded)
    return _Group(padded.view(count, longest, dimension), lengths, slots)


def _group_ends(sorted_lengths: Int[Tensor, "R"]) -> list[int]:
    longest = int(sorted_lengths[-1])
    bounds = torch.tensor([max(1, int(share * longest)) for share in GROUP_SHARES], device=sorted_lengths.device)
    ends = torch.searchsorted(sorted_lengths, bounds, right=True)
    return sorted({end for end in ends.tolist() if end > 0})


def _inverse(permutation: Int[Tensor, "n"]) -> Int[Tensor, "n"]:
    inverse = torch.empty_like(permutation)
    inverse[permutation] = torch.arange(len(permutation), device=permutation.device)
    return inverse
