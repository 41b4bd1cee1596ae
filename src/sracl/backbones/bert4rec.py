"""BERT4Rec: attention in both directions, and a mask where the next item will stand (Sun et al., CIKM 2019)."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from sracl.backbones.base import Backbone
from sracl.backbones.dropout import dropout as drop
from sracl.backbones.dropout import input_dropout
from sracl.backbones.parts import (
    INITIAL_DEVIATION,
    NORM_EPSILON,
    Attention,
    FeedForward,
    PositionVectors,
    initialise,
    last_of,
    present,
)
from sracl.backbones.settings import Dimension, Dropout, Heads, Layers, Positions


class BidirectionalBlock(nn.Module):
    """Multi-head attention to all places of a row, and a feed-forward net, each followed by post-norm."""

    def __init__(self, dimension: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.dropout = dropout
        self.attention = Attention(dimension, heads, dropout)
        self.norm = nn.LayerNorm(dimension, eps=NORM_EPSILON)
        self.feed_forward = FeedForward(dimension, dropout)

    def forward(
        self, asking: Float[Tensor, "B Q d"], states: Float[Tensor, "B T d"], lengths: Int[Tensor, "B"]
    ) -> Float[Tensor, "B Q d"]:
        """New states of the places `asking`, which see the first `lengths` of all places."""
        visible = present(lengths, states.shape[1])[:, None]
        attended = drop(self.attention(asking, states, visible), self.dropout, self.training)
        result: Tensor = self.feed_forward(self.norm(asking + attended))
        return result


class BERT4Rec(Backbone):
    """The history and a learned mask behind its last item; the state of the mask is f.

    The paper trains by masking random items (the Cloze task) and asks with a mask at the end. Here a prefix is a row
    and its last place the mask, in training as in use: the paper's fine-tuning on the last item alone, for every
    prefix. Masking random items would be an objective; `masked` gives the states that it would need.

    Positions are counted from the end by default, so that the mask always has the last one; the authors' program counts
    from the start, which masking random items teaches and the mask at the end alone hardly does.

    The state passes a dense layer with GELU and a norm before it meets the item vectors, as in the authors' program;
    the program's bias of every item falls away.
    """

    causal = False
    both_ways = True

    def __init__(
        self,
        item_count: int,
        dimension: Dimension = 64,
        max_length: int = 20,
        layers: Layers = 2,
        heads: Heads = 2,
        dropout: Dropout = 0.5,
        positions: Positions = "end",
    ) -> None:
        super().__init__(item_count, dimension, max_length)
        self.dropout = dropout
        self.mask = nn.Parameter(torch.empty(dimension))
        self.positions = PositionVectors(max_length + 1, dimension, positions)
        self.input_norm = nn.LayerNorm(dimension, eps=NORM_EPSILON)
        self.blocks = nn.ModuleList(BidirectionalBlock(dimension, heads, dropout) for _ in range(layers))
        self.dense = nn.Linear(dimension, dimension)
        self.output_norm = nn.LayerNorm(dimension, eps=NORM_EPSILON)
        self.apply(initialise)
        nn.init.normal_(self.mask, std=INITIAL_DEVIATION)

    def encode(self, embedded: Float[Tensor, "B T d"], lengths: Int[Tensor, "B"]) -> Float[Tensor, "B T d"]:
        """F of each whole row, at all of its places: no place has a state of the prefix that ends there."""
        return self.encode_last(embedded, lengths)[:, None].expand_as(embedded)

    def encode_both_ways(self, embedded: Float[Tensor, "B T d"], lengths: Int[Tensor, "B"]) -> Float[Tensor, "B T d"]:
        """State at every place of padded rows, some of whose vectors may be the mask."""
        return self.masked(embedded, lengths)

    def mask_vector(self) -> Float[Tensor, "d"]:
        """The mask that stands behind the last item otherwise."""
        return self.mask

    def encode_last(self, embedded: Float[Tensor, "B T d"], lengths: Int[Tensor, "B"]) -> Float[Tensor, "B d"]:
        """State of the mask behind each row's last item; the last block computes nothing else."""
        behind = torch.arange(embedded.shape[1] + 1, device=lengths.device) == lengths[:, None]
        with_mask = torch.where(behind[:, :, None], self.mask, functional.pad(embedded, (0, 0, 0, 1)))
        return self.masked(with_mask, lengths + 1, last_only=True)[:, 0]

    def masked(
        self, embedded: Float[Tensor, "B T d"], lengths: Int[Tensor, "B"], last_only: bool = False
    ) -> Float[Tensor, "B Q d"]:
        """States of rows in which some vectors may be `mask`; Q = T, or 1, each row's last place, if `last_only`."""
        states = self.input_norm(embedded + self.positions(lengths, embedded.shape[1]))
        states = input_dropout(states, self.dropout, self.training)
        *blocks, last = self.blocks
        for block in blocks:
            states = block(states, states, lengths)
        states = last(last_of(states, lengths) if last_only else states, states, lengths)
        result: Tensor = self.output_norm(functional.gelu(self.dense(states)))
        return result
