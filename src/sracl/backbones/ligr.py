"""LiGR, the layers of eSASRec: gated pre-norm attention and SwiGLU (Borisyuk et al. 2025; Tikhonovich et al. 2025)."""

from typing import Annotated

import torch
from jaxtyping import Bool, Float, Int
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from sracl.backbones.base import Backbone
from sracl.backbones.dropout import dropout as drop
from sracl.backbones.parts import NORM_EPSILON, Attention, PositionVectors, initialise, last_of, present
from sracl.backbones.settings import Dimension, Dropout, Heads, Layers, Positions


class GatedBlock(nn.Module):
    """x + sigmoid(W x + b) * f(norm(x)), with f causal attention first and then a SwiGLU net of width `inner` * d."""

    def __init__(self, dimension: int, heads: int, dropout: float, inner: int) -> None:
        super().__init__()
        self.dropout = dropout
        self.attention_norm = nn.LayerNorm(dimension, eps=NORM_EPSILON)
        self.attention = Attention(dimension, heads, dropout)
        self.attention_gate = nn.Linear(dimension, dimension)
        self.forward_norm = nn.LayerNorm(dimension, eps=NORM_EPSILON)
        self.value_and_switch = nn.Linear(dimension, 2 * inner * dimension, bias=False)
        self.outer = nn.Linear(inner * dimension, dimension, bias=False)
        self.forward_gate = nn.Linear(dimension, dimension)

    def forward(
        self,
        asking: Float[Tensor, "B Q d"],
        states: Float[Tensor, "B T d"],
        visible: Bool[Tensor, "B 1 T"] | None = None,
    ) -> Float[Tensor, "B Q d"]:
        """New states of the places `asking`: all T (visible: None), or one a row, which sees the `visible`."""
        attended = self.attention(self.attention_norm(asking), self.attention_norm(states), visible)
        mixed = asking + torch.sigmoid(self.attention_gate(asking)) * self._drop(attended)
        value, switch = self.value_and_switch(self.forward_norm(mixed)).chunk(2, dim=-1)
        forwarded = self.outer(self._drop(functional.silu(switch) * value))
        return mixed + torch.sigmoid(self.forward_gate(mixed)) * self._drop(forwarded)

    def _drop(self, values: Float[Tensor, "*B d"]) -> Float[Tensor, "*B d"]:
        return drop(values, self.dropout, self.training)


class LiGR(Backbone):
    """Item vectors plus learned position vectors, and gated blocks: eSASRec's encoder, without a norm at its end.

    eSASRec trains it with a sampled softmax; here the losses are others' business. Positions are counted from the end
    and nothing is normalised before the first block, as in RecTools. Defaults are eSASRec's for Amazon Beauty.
    """

    causal = True
    both_ways = True

    def __init__(
        self,
        item_count: int,
        dimension: Dimension = 64,
        max_length: int = 20,
        layers: Layers = 1,
        heads: Heads = 1,
        dropout: Dropout = 0.2,
        inner: Annotated[int, Field(ge=1, description="width of the feed-forward net, in dimensions")] = 4,
        positions: Positions = "end",
    ) -> None:
        super().__init__(item_count, dimension, max_length)
        self.dropout = dropout
        self.positions = PositionVectors(max_length, dimension, positions)
        self.blocks = nn.ModuleList(GatedBlock(dimension, heads, dropout, inner) for _ in range(layers))
        self.apply(initialise)
        # No norm follows a block, so that weights of deviation 0.02 would leave it next to nothing to say at first.
        for parameter in self.blocks.parameters():
            if parameter.dim() > 1:
                nn.init.xavier_normal_(parameter)

    def encode(self, embedded: Float[Tensor, "B T d"], lengths: Int[Tensor, "B"]) -> Float[Tensor, "B T d"]:
        """Hidden states of padded rows of at most `max_length` items; causality alone hides the padding."""
        states = self._input(embedded, lengths)
        for block in self.blocks:
            states = block(states, states)
        return states

    def encode_both_ways(self, embedded: Float[Tensor, "B T d"], lengths: Int[Tensor, "B"]) -> Float[Tensor, "B T d"]:
        """Hidden states with attention to all items of a row."""
        states, visible = self._input(embedded, lengths), present(lengths, embedded.shape[1])[:, None]
        for block in self.blocks:
            states = block(states, states, visible)
        return states

    def encode_last(self, embedded: Float[Tensor, "B T d"], lengths: Int[Tensor, "B"]) -> Float[Tensor, "B d"]:
        """Hidden state of each padded row's last item: of the last block only what it needs."""
        states = self._input(embedded, lengths)
        *blocks, last = self.blocks
        for block in blocks:
            states = block(states, states)
        result: Tensor = last(last_of(states, lengths), states, present(lengths, states.shape[1])[:, None])[:, 0]
        return result

    def _input(self, embedded: Float[Tensor, "B T d"], lengths: Int[Tensor, "B"]) -> Float[Tensor, "B T d"]:
        return drop(embedded + self.positions(lengths, embedded.shape[1]), self.dropout, self.training)
