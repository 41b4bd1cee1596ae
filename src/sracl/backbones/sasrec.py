"""SASRec: self-attention over the history (Kang and McAuley, ICDM 2018), as SRA-CL trains it."""

from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from sracl.backbones.base import Backbone

INITIAL_DEVIATION = 0.02
NORM_EPSILON = 1e-12


class SelfAttentionBlock(nn.Module):
    """Multi-head self-attention and a feed-forward net of inner width 4d with GELU, each followed by post-norm."""

    def __init__(self, dimension: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.dropout = dropout
        self.query_key_value = nn.Linear(dimension, 3 * dimension)
        self.attention_output = nn.Linear(dimension, dimension)
        self.attention_norm = nn.LayerNorm(dimension, eps=NORM_EPSILON)
        self.inner = nn.Linear(dimension, 4 * dimension)
        self.outer = nn.Linear(4 * dimension, dimension)
        self.feed_forward_norm = nn.LayerNorm(dimension, eps=NORM_EPSILON)

    def forward(self, states: Float[Tensor, "B T d"]) -> Float[Tensor, "B T d"]:
        """Mix every position with the earlier ones; padding stands at the end, so causality alone hides it."""
        query, key, value = (self._heads(part) for part in self.query_key_value(states).chunk(3, dim=-1))
        attended = functional.scaled_dot_product_attention(query, key, value, is_causal=True, dropout_p=self._dropout)
        return self._after_attention(states, attended.transpose(1, 2).flatten(2))

    def last(self, states: Float[Tensor, "B T d"], lengths: Int[Tensor, "B"]) -> Float[Tensor, "B d"]:
        """The same at each row's last item alone: keys and values of all places, the rest of one."""
        rows, length, dimension = states.shape
        own = states[torch.arange(rows, device=states.device), lengths - 1][:, None]
        weight, bias = self.query_key_value.weight, self.query_key_value.bias
        query = self._heads(functional.linear(own, weight[:dimension], bias[:dimension]))
        both = functional.linear(states, weight[dimension:], bias[dimension:])
        key, value = (self._heads(part) for part in both.chunk(2, dim=-1))
        visible = (torch.arange(length, device=states.device) < lengths[:, None])[:, None, None, :]
        attended = functional.scaled_dot_product_attention(
            query, key, value, attn_mask=visible, dropout_p=self._dropout
        )
        result: Tensor = self._after_attention(own, attended.transpose(1, 2).flatten(2))[:, 0]
        return result

    def _after_attention(
        self, states: Float[Tensor, "B T d"], attended: Float[Tensor, "B T d"]
    ) -> Float[Tensor, "B T d"]:
        states = self.attention_norm(states + self._drop(self.attention_output(attended)))
        forwarded = self.outer(functional.gelu(self.inner(states)))
        result: Tensor = self.feed_forward_norm(states + self._drop(forwarded))
        return result

    def _heads(self, values: Float[Tensor, "B T d"]) -> Float[Tensor, "B h T e"]:
        heads: Tensor = values.unflatten(2, (self.heads, -1))
        return heads.transpose(1, 2)

    @property
    def _dropout(self) -> float:
        return self.dropout if self.training else 0.0

    def _drop(self, values: Float[Tensor, "B T d"]) -> Float[Tensor, "B T d"]:
        return functional.dropout(values, self.dropout, self.training)


class SASRec(Backbone):
    """Item vectors plus learned position vectors, `layers` blocks of causal self-attention.

    positions: `start` counts them from the row's first item: then a prefix gives the same vector in a long row as
    alone. `end` gives a row's last item the last position, as the authors' program does: then the most recent item
    always has the same position in use, and a prefix's positions depend on its row in training.
    """

    causal = True

    def __init__(
        self,
        item_count: int,
        dimension: int = 64,
        max_length: int = 20,
        layers: int = 2,
        heads: int = 2,
        dropout: float = 0.5,
        positions: Literal["start", "end"] = "end",
    ) -> None:
        super().__init__(item_count, dimension, max_length)
        self.positions = positions
        self.dropout = dropout
        self.position_embedding = nn.Embedding(max_length, dimension)
        self.input_norm = nn.LayerNorm(dimension, eps=NORM_EPSILON)
        self.blocks = nn.ModuleList(SelfAttentionBlock(dimension, heads, dropout) for _ in range(layers))
        self.apply(_initialise)

    def encode(self, embedded: Float[Tensor, "B T d"], lengths: Int[Tensor, "B"]) -> Float[Tensor, "B T d"]:
        """Hidden states of padded rows of at most `max_length` items."""
        states = self._input(embedded, lengths)
        for block in self.blocks:
            states = block(states)
        return states

    def encode_last(self, embedded: Float[Tensor, "B T d"], lengths: Int[Tensor, "B"]) -> Float[Tensor, "B d"]:
        """Hidden state of each padded row's last item: of the last block only what it needs, some 40% less work."""
        states = self._input(embedded, lengths)
        *blocks, last = self.blocks
        for block in blocks:
            states = block(states)
        assert isinstance(last, SelfAttentionBlock)
        return last.last(states, lengths)

    def _input(self, embedded: Float[Tensor, "B T d"], lengths: Int[Tensor, "B"]) -> Float[Tensor, "B T d"]:
        place = torch.arange(embedded.shape[1], device=embedded.device)
        if self.positions == "end":
            counted = place + (self.max_length - lengths)[:, None]
            position = self.position_embedding(counted.clamp_(max=self.max_length - 1))
        else:
            position = self.position_embedding.weight[: embedded.shape[1]]
        return functional.dropout(self.input_norm(embedded + position), self.dropout, self.training)


def _initialise(module: nn.Module) -> None:
    """Normal weights of deviation 0.02 and no bias, as in BERT and in the authors' program."""
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=INITIAL_DEVIATION)
    if isinstance(module, nn.Linear):
        nn.init.zeros_(module.bias)
    if isinstance(module, nn.Embedding) and module.padding_idx is not None:
        with torch.no_grad():
            module.weight[module.padding_idx].zero_()
