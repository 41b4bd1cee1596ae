"""FMLP-Rec: learnable filters in the frequency domain and feed-forward nets (Zhou et al., WWW 2022)."""

import torch
from jaxtyping import Complex, Float, Int
from torch import Tensor, nn

from sracl.backbones.base import Backbone
from sracl.backbones.dropout import dropout as drop
from sracl.backbones.dropout import input_dropout
from sracl.backbones.parts import (
    INITIAL_DEVIATION,
    NORM_EPSILON,
    FeedForward,
    PositionVectors,
    initialise,
    moved_to_the_end,
)
from sracl.backbones.settings import Dimension, Dropout, Layers


class FilterBlock(nn.Module):
    """F^-1(W * F(x)) along time, a learned complex W a column, with post-norm; then a feed-forward net.

    weight: `[L // 2 + 1, d, 2]`, real and imaginary parts: a real row of length L has so many frequencies.
    """

    def __init__(self, length: int, dimension: int, dropout: float) -> None:
        super().__init__()
        self.length = length
        self.dropout = dropout
        self.weight = nn.Parameter(torch.empty(length // 2 + 1, dimension, 2))
        self.norm = nn.LayerNorm(dimension, eps=NORM_EPSILON)
        self.feed_forward = FeedForward(dimension, dropout)
        nn.init.normal_(self.weight, std=INITIAL_DEVIATION)

    def forward(self, states: Float[Tensor, "B L d"]) -> Float[Tensor, "B L d"]:
        """New states of all places."""
        filtered = torch.fft.irfft(torch.fft.rfft(states, dim=1) * self._filter(), n=self.length, dim=1)
        return self._after_filter(states, filtered)

    def last(self, states: Float[Tensor, "B L d"]) -> Float[Tensor, "B d"]:
        """New state of the last place alone: there the filter is one weighted sum over time."""
        # A product of frequencies is a circular convolution; the last place meets the kernel backwards.
        kernel = torch.fft.irfft(self._filter(), n=self.length, dim=0).flip(0)
        return self._after_filter(states[:, -1], torch.einsum("blc,lc->bc", states, kernel))

    def _filter(self) -> Complex[Tensor, "F d"]:
        return torch.view_as_complex(self.weight)

    def _after_filter(self, states: Float[Tensor, "*B d"], filtered: Float[Tensor, "*B d"]) -> Float[Tensor, "*B d"]:
        result: Tensor = self.feed_forward(self.norm(states + drop(filtered, self.dropout, self.training)))
        return result


class FMLPRec(Backbone):
    """Item and position vectors of rows of exactly `max_length` places, zeros before the first item; filter blocks.

    A filter mixes all places, later ones too, and those before the first item, which hold position vectors: so a
    prefix is a row of its own, as in the authors' program, and `max_length` changes what is computed. Activations are
    GELU, as in the program; the paper writes ReLU.
    """

    causal = False

    def __init__(
        self,
        item_count: int,
        dimension: Dimension = 64,
        max_length: int = 20,
        layers: Layers = 2,
        dropout: Dropout = 0.5,
    ) -> None:
        super().__init__(item_count, dimension, max_length)
        self.dropout = dropout
        self.positions = PositionVectors(max_length, dimension, "start")
        self.input_norm = nn.LayerNorm(dimension, eps=NORM_EPSILON)
        self.blocks = nn.ModuleList(FilterBlock(max_length, dimension, dropout) for _ in range(layers))
        self.apply(initialise)

    def encode(self, embedded: Float[Tensor, "B T d"], lengths: Int[Tensor, "B"]) -> Float[Tensor, "B T d"]:
        """F of each whole row, at all of its places: no place has a state of the prefix that ends there."""
        return self.encode_last(embedded, lengths)[:, None].expand_as(embedded)

    def encode_last(self, embedded: Float[Tensor, "B T d"], lengths: Int[Tensor, "B"]) -> Float[Tensor, "B d"]:
        """State of each row's last item; the last block computes nothing else."""
        moved = moved_to_the_end(embedded, lengths, self.max_length)
        states = self.input_norm(moved + self.positions(lengths, self.max_length))
        states = input_dropout(states, self.dropout, self.training)
        *blocks, last = self.blocks
        for block in blocks:
            states = block(states)
        assert isinstance(last, FilterBlock)
        return last.last(states)
