"""The interface of every backbone: rows of items in, a vector a position out."""

from abc import ABC, abstractmethod

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from sracl.backbones.groups import groups_of
from sracl.backbones.item_vectors import ItemVectors
from sracl.backbones.rows import Rows, ranges


class Backbone(nn.Module, ABC):
    """A sequence encoder f: knows items and their order, and nothing of losses, texts or data frames.

    A subclass sets `causal`, calls `super().__init__` and implements `encode`; it may implement `encode_packed`,
    `encode_packed_last` and `encode_packed_at` too, where it can do without padding or with less work. Its output is
    compared with the rows of `scored_table`, which are the items' vectors unless a subclass says otherwise by `scored`,
    by dot products; so both have `dimension` columns.

    item_count: number of items N. Item numbers are 0 ... N-1; N is the number that pads, with a vector of zeros.
    """

    causal: bool
    """True where a position's output depends on no later item: then one pass serves all prefixes of a row."""
    both_ways: bool = False
    """True where `encode_both_ways` gives a place a state that depends on later items too: what pre-training asks."""
    item_embedding: ItemVectors
    """Where item vectors come from: a table of its own, unless others are put in its place."""

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
        return self.encode(embedded, lengths)[torch.arange(lengths.shape[0], device=lengths.device), lengths - 1]

    def encode_packed(self, embedded: Float[Tensor, "n d"], lengths: Int[Tensor, "R"]) -> Float[Tensor, "n d"]:
        """Hidden states of rows that stand one after another, of rising `lengths`; pads groups of like length."""
        groups = groups_of(lengths)
        return torch.cat([group.unpad(self.encode(group.pad(embedded), group.lengths)) for group in groups])

    def encode_packed_last(self, embedded: Float[Tensor, "n d"], lengths: Int[Tensor, "R"]) -> Float[Tensor, "R d"]:
        """Hidden state of the last item of each of these rows."""
        groups = groups_of(lengths)
        return torch.cat([self.encode_last(group.pad(embedded), group.lengths) for group in groups])

    def encode_packed_at(
        self, embedded: Float[Tensor, "n d"], lengths: Int[Tensor, "R"], places: Int[Tensor, "E"]
    ) -> Float[Tensor, "E d"]:
        """Hidden states at some of the n places of these rows, in the order of `places`."""
        return self.encode_packed(embedded, lengths).index_select(0, places)

    def encode_both_ways(self, embedded: Float[Tensor, "B T d"], lengths: Int[Tensor, "B"]) -> Float[Tensor, "B T d"]:
        """State at every place of padded rows, each from the whole row; as `encode` does it otherwise."""
        raise NotImplementedError(f"{type(self).__qualname__} does not read both ways")

    def encode_packed_both_ways(
        self, embedded: Float[Tensor, "n d"], lengths: Int[Tensor, "R"]
    ) -> Float[Tensor, "n d"]:
        """The same for rows that stand one after another, of rising `lengths`."""
        groups = groups_of(lengths)
        return torch.cat([group.unpad(self.encode_both_ways(group.pad(embedded), group.lengths)) for group in groups])

    def mask_vector(self) -> Float[Tensor, "d"] | None:
        """What stands for a hidden item, where the backbone has learned a vector for that itself."""
        return None

    @property
    def item_table(self) -> Float[Tensor, "N d"]:
        """Vectors of all items, without the one that pads."""
        return self.scored_table[: self.item_count]

    @property
    def scored_table(self) -> Float[Tensor, "R d"]:
        """What states are compared with: vectors of all items, then the one that pads; a slice would cost a copy."""
        return self.scored(self.item_embedding.weight)

    def scored(self, vectors: Float[Tensor, "R d"]) -> Float[Tensor, "R d"]:
        """What states are compared with, out of item vectors: these themselves, unless a subclass says otherwise."""
        return vectors

    def states(self, rows: Rows) -> Float[Tensor, "n d"]:
        """State at every place of `rows`: f of the row's prefix that ends there.

        A causal backbone gives them in one pass; any other encodes every prefix as a row of its own.
        """
        if not self.causal:
            return self.last_states(rows.up_to(torch.arange(len(rows.items), device=rows.items.device)))
        lengths, order = torch.sort(rows.lengths, stable=True)
        places = ranges(rows.starts[order], lengths, len(rows.items))
        states = self.encode_packed(self.item_embedding(rows.items[places]), lengths)
        return states.index_select(0, _inverse(places))

    def last_states(self, rows: Rows) -> Float[Tensor, "R d"]:
        """The vector f of every whole row, in the rows' order."""
        lengths, order = torch.sort(rows.lengths, stable=True)
        places = ranges(rows.starts[order], lengths, len(rows.items))
        states = self.encode_packed_last(self.item_embedding(rows.items[places]), lengths)
        return states.index_select(0, _inverse(order))

    def states_at(self, rows: Rows, places: Int[Tensor, "E"]) -> Float[Tensor, "E d"]:
        """State at some places of `rows`, in the order of `places`: what `states` gives there, with less work.

        A causal backbone reads each row once, however many places of it are asked for.
        """
        if not self.causal:
            return self.last_states(rows.up_to(places))
        lengths, order = torch.sort(rows.lengths, stable=True)
        packed = ranges(rows.starts[order], lengths, len(rows.items))
        return self.encode_packed_at(self.item_embedding(rows.items[packed]), lengths, _inverse(packed)[places])


def _inverse(permutation: Int[Tensor, "n"]) -> Int[Tensor, "n"]:
    inverse = torch.empty_like(permutation)
    inverse[permutation] = torch.arange(len(permutation), device=permutation.device)
    return inverse
