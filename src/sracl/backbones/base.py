"""The interface of every backbone: rows of items in, a vector a position out."""

from abc import ABC, abstractmethod
from typing import ClassVar

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

    @property
    def item_table(self) -> Float[Tensor, "N d"]:
        """Vectors of all items, without the one that pads."""
        return self.item_embedding.weight[: self.item_count]

    def states(self, rows: Rows) -> Float[Tensor, "n d"]:
        """State at every place of `rows`: f of the row's prefix that ends there.

        A causal backbone gives them in one pass; any other encodes every prefix as a row of its own.
        """
        if self.causal:
            return self._encode_in_groups(rows)
        return self.last_states(rows.up_to(torch.arange(len(rows.items), device=rows.items.device)))

    def last_states(self, rows: Rows) -> Float[Tensor, "R d"]:
        """F of every whole row."""
        return self._encode_in_groups(rows)[rows.last]

    def _encode_in_groups(self, rows: Rows) -> Float[Tensor, "n d"]:
        """Encode rows sorted by length, padded within groups, and give the states in the rows' own order."""
        lengths, order = torch.sort(rows.lengths, stable=True)
        places = ranges(rows.starts[order], lengths)
        embedded = self.item_embedding(rows.items[places])
        row_ends = lengths.cumsum(0)
        states, first_row, first_place = [], 0, 0
        for last_row in self._group_ends(lengths):
            last_place = int(row_ends[last_row - 1])
            group = embedded[first_place:last_place]
            states.append(self._encode_padded(group, lengths[first_row:last_row]))
            first_row, first_place = last_row, last_place
        back = torch.empty_like(places)
        back[places] = torch.arange(len(places), device=places.device)
        return torch.cat(states).index_select(0, back)

    @staticmethod
    def _group_ends(sorted_lengths: Int[Tensor, "R"]) -> list[int]:
        longest = int(sorted_lengths[-1])
        bounds = torch.tensor([max(1, int(share * longest)) for share in GROUP_SHARES], device=sorted_lengths.device)
        ends = torch.searchsorted(sorted_lengths, bounds, right=True)
        return sorted({end for end in ends.tolist() if end > 0})

    def _encode_padded(self, embedded: Float[Tensor, "m d"], lengths: Int[Tensor, "G"]) -> Float[Tensor, "m d"]:
        count, longest = len(lengths), int(lengths.max())
        slots = ranges(torch.arange(count, device=lengths.device) * longest, lengths)
        padded = embedded.new_zeros(count * longest, self.dimension).index_copy(0, slots, embedded)
        hidden = self.encode(padded.view(count, longest, self.dimension), lengths)
        return hidden.reshape(count * longest, self.dimension).index_select(0, slots)
