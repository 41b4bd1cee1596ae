"""BSARec: self-attention beside a fixed low-pass filter of the history (Shin et al., AAAI 2024)."""

from typing import Annotated

import torch
from jaxtyping import Bool, Float, Int
from pydantic import Field
from torch import Tensor, nn

from sracl.backbones.base import Backbone
from sracl.backbones.dropout import dropout as drop
from sracl.backbones.dropout import input_dropout
from sracl.backbones.parts import (
    NORM_EPSILON,
    Attention,
    FeedForward,
    PositionVectors,
    initialise,
    moved_to_the_end,
    present,
)
from sracl.backbones.settings import Dimension, Dropout, Heads, Layers


class FrequencyRescaler(nn.Module):
    """low(x) + beta^2 (x - low(x)), with low the part of x in its lowest frequencies along time.

    Keeping some frequencies of a row of fixed length is a linear map: one product with a fixed matrix `[L, L]`.
    """

    low_pass: Tensor

    def __init__(self, length: int, dimension: int, lowest: int) -> None:
        super().__init__()
        self.beta = nn.Parameter(torch.randn(dimension))
        self.register_buffer("low_pass", low_pass_matrix(length, lowest), persistent=False)

    def forward(self, states: Float[Tensor, "B L d"], places: slice) -> Float[Tensor, "B Q d"]:
        """The rescaled states of some places; all L count."""
        low = self.low_pass[places] @ states
        return low + self.beta.square() * (states[:, places] - low)


class BSARecBlock(nn.Module):
    """alpha * rescaled frequencies + (1 - alpha) * attention, each with post-norm; then a feed-forward net."""

    def __init__(self, length: int, dimension: int, heads: int, dropout: float, alpha: float, lowest: int) -> None:
        super().__init__()
        self.alpha = alpha
        self.dropout = dropout
        self.rescaler = FrequencyRescaler(length, dimension, lowest)
        self.rescaler_norm = nn.LayerNorm(dimension, eps=NORM_EPSILON)
        self.attention = Attention(dimension, heads, dropout)
        self.attention_norm = nn.LayerNorm(dimension, eps=NORM_EPSILON)
        self.feed_forward = FeedForward(dimension, dropout)

    def forward(
        self, states: Float[Tensor, "B L d"], visible: Bool[Tensor, "B L L"], places: slice = slice(None)
    ) -> Float[Tensor, "B Q d"]:
        """New states of some places; visible: which place may attend to which."""
        asking = states[:, places]
        rescaled = drop(self.rescaler(states, places), self.dropout, self.training)
        attended = drop(self.attention(asking, states, visible[:, places]), self.dropout, self.training)
        bias, mixed = self.rescaler_norm(asking + rescaled), self.attention_norm(asking + attended)
        result: Tensor = self.feed_forward(self.alpha * bias + (1 - self.alpha) * mixed)
        return result


class BSARec(Backbone):
    """Item and position vectors of rows of exactly `max_length` places, zeros before the first item; BSARec blocks.

    The filter mixes all places, later ones too, and those before the first item, which hold position vectors: so a
    prefix is a row of its own, as in the authors' program, and `max_length` changes what is computed. Attention is
    causal and sees items only; the empty places before them, which the filter reads, attend to all places: so the
    program's mask, which adds the same large negative number to all, comes out.

    Defaults are the paper's for Amazon Beauty, where it trains with a learning rate of 0.0005.
    """

    causal = False

    def __init__(
        self,
        item_count: int,
        dimension: Dimension = 64,
        max_length: int = 20,
        layers: Layers = 2,
        heads: Heads = 1,
        dropout: Dropout = 0.5,
        alpha: Annotated[float, Field(ge=0, le=1, description="share of the filter, the rest is attention")] = 0.7,
        c: Annotated[int, Field(ge=0, description="cut: c // 2 + 1 frequencies are low")] = 5,
    ) -> None:
        super().__init__(item_count, dimension, max_length)
        self.dropout = dropout
        self.positions = PositionVectors(max_length, dimension, "start")
        self.input_norm = nn.LayerNorm(dimension, eps=NORM_EPSILON)
        self.blocks = nn.ModuleList(
            BSARecBlock(max_length, dimension, heads, dropout, alpha, c // 2 + 1) for _ in range(layers)
        )
        self.apply(initialise)

    def encode(self, embedded: Float[Tensor, "B T d"], lengths: Int[Tensor, "B"]) -> Float[Tensor, "B T d"]:
        """F of each whole row, at all of its places: no place has a state of the prefix that ends there."""
        return self.encode_last(embedded, lengths)[:, None].expand_as(embedded)

    def encode_last(self, embedded: Float[Tensor, "B T d"], lengths: Int[Tensor, "B"]) -> Float[Tensor, "B d"]:
        """State of each row's last item; the last block computes nothing else."""
        moved = moved_to_the_end(embedded, lengths, self.max_length)
        states = self.input_norm(moved + self.positions(lengths, self.max_length))
        states = input_dropout(states, self.dropout, self.training)
        visible = self._visible(lengths)
        *blocks, last = self.blocks
        for block in blocks:
            states = block(states, visible)
        result: Tensor = last(states, visible, slice(-1, None))[:, 0]
        return result

    def _visible(self, lengths: Int[Tensor, "B"]) -> Bool[Tensor, "B L L"]:
        """From an item: itself and earlier items; from an empty place: all places."""
        item = present(lengths, self.max_length).flip(1)
        earlier = torch.ones(self.max_length, self.max_length, dtype=torch.bool, device=lengths.device).tril()
        return (item[:, None, :] & earlier) | ~item[:, :, None]


def low_pass_matrix(length: int, lowest: int) -> Float[Tensor, "L L"]:
    """The matrix that keeps the `lowest` frequencies, 0 among them, of a row of `length` places."""
    frequencies = torch.fft.rfft(torch.eye(length), dim=0)
    frequencies[lowest:] = 0
    matrix: Tensor = torch.fft.irfft(frequencies, n=length, dim=0)
    return matrix
