"""HSTU: pointwise attention with relative positions and a gate (Zhai et al., ICML 2024)."""

from typing import Annotated

import torch
from jaxtyping import Float, Int
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from sracl.backbones.base import Backbone
from sracl.backbones.dropout import dropout as drop
from sracl.backbones.dropout import input_dropout
from sracl.backbones.parts import (
    INITIAL_DEVIATION,
    PositionVectors,
    initialise,
    joined_heads,
    last_of,
    split_heads,
)
from sracl.backbones.settings import Dimension, Dropout, Heads, Layers, Positions

NORM_EPSILON = 1e-6


class TransductionUnit(nn.Module):
    """U, V, Q, K = silu(W norm(x)); x + W_o (norm(silu(Q K^T + r) V / L) * U), with r a learned bias a distance.

    Norms are layer norms without weights; L is `length`, the most items of a row, whatever a row holds. e: width of
    Q, K, V and U a head.
    """

    def __init__(self, length: int, dimension: int, heads: int, head_dimension: int, dropout: float) -> None:
        super().__init__()
        self.length = length
        self.heads = heads
        self.dropout = dropout
        self.gate_and_query = nn.Linear(dimension, 2 * heads * head_dimension, bias=False)
        self.key_and_value = nn.Linear(dimension, 2 * heads * head_dimension, bias=False)
        self.distance_bias = nn.Parameter(torch.empty(length))
        self.output = nn.Linear(heads * head_dimension, dimension)

    def forward(
        self, asking: Float[Tensor, "B Q d"], states: Float[Tensor, "B T d"], places: Int[Tensor, "#B Q"]
    ) -> Float[Tensor, "B Q d"]:
        """New states of the places `asking`, which stand at `places` within their rows, from those up to each."""
        gate, query = functional.silu(self.gate_and_query(_normal(asking))).chunk(2, dim=-1)
        key, value = functional.silu(self.key_and_value(_normal(states))).chunk(2, dim=-1)
        query, key, value = (split_heads(part, self.heads) for part in (query, key, value))
        distance = places[:, :, None] - torch.arange(states.shape[1], device=places.device)
        bias = self.distance_bias[distance.clamp(0, self.length - 1)][:, None]
        weight = functional.silu(query @ key.transpose(2, 3) + bias).masked_fill(distance[:, None] < 0, 0.0)
        attended = joined_heads(weight @ value / self.length)
        result: Tensor = asking + self.output(drop(_normal(attended) * gate, self.dropout, self.training))
        return result


class HSTU(Backbone):
    """sqrt(d) * item vectors plus learned position vectors, and transduction units.

    Our rows carry no times: the relative bias is of positions alone. As in the authors' program, an item's score is the
    cosine of f and its vector over `temperature`: f and `scored` give vectors of norm `temperature`^-1/2, so that
    the plain product is that score, and a product of two f is their cosine over it.

    Defaults are the program's for Amazon Books.
    """

    causal = True

    def __init__(
        self,
        item_count: int,
        dimension: Dimension = 64,
        max_length: int = 20,
        layers: Layers = 4,
        heads: Heads = 4,
        head_dimension: Annotated[
            int | None, Field(ge=1, description="width of a head; null: dimension / heads")
        ] = None,
        input_dropout: Dropout = 0.5,
        dropout: Dropout = 0.5,
        temperature: Annotated[float, Field(gt=0, description="what cosines are divided by")] = 0.05,
        positions: Positions = "start",
    ) -> None:
        super().__init__(item_count, dimension, max_length)
        self.input_dropout = input_dropout
        self.score_norm = temperature**-0.5
        self.positions = PositionVectors(max_length, dimension, positions)
        self.blocks = nn.ModuleList(
            TransductionUnit(max_length, dimension, heads, head_dimension or dimension // heads, dropout)
            for _ in range(layers)
        )
        self.apply(initialise)
        nn.init.normal_(self.positions.vectors.weight, std=dimension**-0.5)
        for block in self.blocks:
            assert isinstance(block, TransductionUnit)
            nn.init.normal_(block.distance_bias, std=INITIAL_DEVIATION)
            nn.init.xavier_uniform_(block.output.weight)

    def scored(self, vectors: Float[Tensor, "R d"]) -> Float[Tensor, "R d"]:
        """Item vectors of the norm that makes products with f the scores."""
        return self._scaled(vectors)

    def encode(self, embedded: Float[Tensor, "B T d"], lengths: Int[Tensor, "B"]) -> Float[Tensor, "B T d"]:
        """Hidden states of padded rows of at most `max_length` items; causality alone hides the padding."""
        states = self._input(embedded, lengths)
        places = torch.arange(states.shape[1], device=lengths.device)[None]
        for block in self.blocks:
            states = block(states, states, places)
        return self._scaled(states)

    def encode_last(self, embedded: Float[Tensor, "B T d"], lengths: Int[Tensor, "B"]) -> Float[Tensor, "B d"]:
        """Hidden state of each padded row's last item: of the last unit only what it needs."""
        states = self._input(embedded, lengths)
        places = torch.arange(states.shape[1], device=lengths.device)[None]
        *blocks, last = self.blocks
        for block in blocks:
            states = block(states, states, places)
        return self._scaled(last(last_of(states, lengths), states, (lengths - 1)[:, None])[:, 0])

    def _input(self, embedded: Float[Tensor, "B T d"], lengths: Int[Tensor, "B"]) -> Float[Tensor, "B T d"]:
        placed = embedded * self.dimension**0.5 + self.positions(lengths, embedded.shape[1])
        return input_dropout(placed, self.input_dropout, self.training)

    def _scaled(self, vectors: Float[Tensor, "*B d"]) -> Float[Tensor, "*B d"]:
        scaled: Tensor = functional.normalize(vectors, dim=-1, eps=NORM_EPSILON) * self.score_norm
        return scaled


def _normal(values: Float[Tensor, "B T d"]) -> Float[Tensor, "B T d"]:
    return functional.layer_norm(values, values.shape[-1:], eps=NORM_EPSILON)
