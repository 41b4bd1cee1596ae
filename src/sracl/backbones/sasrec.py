"""SASRec: self-attention over the history (Kang and McAuley, ICDM 2018), as SRA-CL trains it."""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from sracl.backbones.attention import attention
from sracl.backbones.base import Backbone
from sracl.backbones.dropout import dropout
from sracl.backbones.groups import Group, groups_of, padded_group
from sracl.backbones.parts import NORM_EPSILON, initialise
from sracl.backbones.rows import ranges
from sracl.backbones.settings import Dimension, Dropout, Heads, Layers, Positions


class SelfAttentionBlock(nn.Module):
    """Multi-head self-attention and a feed-forward net of inner width 4d with GELU, each followed by post-norm."""

    def __init__(self, dimension: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.dimension = dimension
        self.heads = heads
        self.dropout = dropout
        self.query_key_value = nn.Linear(dimension, 3 * dimension)
        self.attention_output = nn.Linear(dimension, dimension)
        self.attention_norm = nn.LayerNorm(dimension, eps=NORM_EPSILON)
        self.inner = nn.Linear(dimension, 4 * dimension)
        self.outer = nn.Linear(4 * dimension, dimension)
        self.feed_forward_norm = nn.LayerNorm(dimension, eps=NORM_EPSILON)

    def forward(self, states: Float[Tensor, "n d"], groups: Sequence[Group]) -> Float[Tensor, "n d"]:
        """Mix every place with the earlier ones of its row; all but the attention itself needs no padding."""
        mixed = self.query_key_value(states)
        attended = [group.unpad(self._attended(group.pad(mixed))) for group in groups]
        return self._after_attention(states, torch.cat(attended))

    def last(self, states: Float[Tensor, "n d"], groups: Sequence[Group]) -> Float[Tensor, "R d"]:
        """The same at each row's last place alone: keys and values of all places, the rest of one a row."""
        own = states[torch.cat([group.lengths for group in groups]).cumsum(0) - 1]
        weight, bias = self.query_key_value.weight, self.query_key_value.bias
        query = functional.linear(own, weight[: self.dimension], bias[: self.dimension])
        mixed = functional.linear(states, weight[self.dimension :], bias[self.dimension :])
        attended = [self._attended_last(query[group.rows], group.pad(mixed), group.lengths) for group in groups]
        return self._after_attention(own, torch.cat(attended))

    def _attended(self, mixed: Float[Tensor, "G T w"]) -> Float[Tensor, "G T d"]:
        """Causal attention over padded rows; padding stands at the end, so that causality alone hides it."""
        query, key, value = (self._heads(part) for part in mixed.chunk(3, dim=-1))
        return attention(query, key, value, None, self._dropout).transpose(1, 2).flatten(2)

    def _attended_last(
        self, query: Float[Tensor, "G d"], mixed: Float[Tensor, "G T w"], lengths: Int[Tensor, "G"]
    ) -> Float[Tensor, "G d"]:
        key, value = (self._heads(part) for part in mixed.chunk(2, dim=-1))
        visible = (torch.arange(mixed.shape[1], device=lengths.device) < lengths[:, None])[:, None, None, :]
        return attention(self._heads(query[:, None]), key, value, visible, self._dropout).flatten(1)

    def _after_attention(self, states: Float[Tensor, "n d"], attended: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
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

    def _drop(self, values: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
        return dropout(values, self.dropout, self.training)


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
        dimension: Dimension = 64,
        max_length: int = 20,
        layers: Layers = 2,
        heads: Heads = 2,
        dropout: Dropout = 0.5,
        positions: Positions = "end",
    ) -> None:
        super().__init__(item_count, dimension, max_length)
        self.positions = positions
        self.dropout = dropout
        self.position_embedding = nn.Embedding(max_length, dimension)
        self.input_norm = nn.LayerNorm(dimension, eps=NORM_EPSILON)
        self.blocks = nn.ModuleList(SelfAttentionBlock(dimension, heads, dropout) for _ in range(layers))
        self.apply(initialise)

    def encode(self, embedded: Float[Tensor, "B T d"], lengths: Int[Tensor, "B"]) -> Float[Tensor, "B T d"]:
        """Hidden states of padded rows of at most `max_length` items."""
        rows, longest, _ = embedded.shape
        place = torch.arange(longest, device=embedded.device).repeat(rows)
        states = self._input(embedded.flatten(0, 1), place, torch.repeat_interleave(lengths, longest))
        groups = [padded_group(rows, longest, lengths)]
        for block in self.blocks:
            states = block(states, groups)
        return states.view_as(embedded)

    def encode_packed(self, embedded: Float[Tensor, "n d"], lengths: Int[Tensor, "R"]) -> Float[Tensor, "n d"]:
        """Hidden states of rows that stand one after another, of rising `lengths`."""
        states, groups = self._packed_input(embedded, lengths), groups_of(lengths)
        for block in self.blocks:
            states = block(states, groups)
        return states

    def encode_packed_last(self, embedded: Float[Tensor, "n d"], lengths: Int[Tensor, "R"]) -> Float[Tensor, "R d"]:
        """Hidden state of each row's last item: of the last block only what it needs, some 40% less work."""
        states, groups = self._packed_input(embedded, lengths), groups_of(lengths)
        *blocks, last = self.blocks
        for block in blocks:
            states = block(states, groups)
        assert isinstance(last, SelfAttentionBlock)
        return last.last(states, groups)

    def _packed_input(self, embedded: Float[Tensor, "n d"], lengths: Int[Tensor, "R"]) -> Float[Tensor, "n d"]:
        place = ranges(torch.zeros_like(lengths), lengths)
        return self._input(embedded, place, torch.repeat_interleave(lengths, lengths, output_size=len(embedded)))

    def _input(
        self, embedded: Float[Tensor, "n d"], place: Int[Tensor, "n"], length: Int[Tensor, "n"]
    ) -> Float[Tensor, "n d"]:
        """Item vectors with those of their positions. place: within the row, from 0; length: of each item's row."""
        position = place + (self.max_length - length) if self.positions == "end" else place
        # Padding behind a row, which nothing reads, would count beyond the table.
        vectors = self.position_embedding(position.clamp(max=self.max_length - 1))
        return dropout(self.input_norm(embedded + vectors), self.dropout, self.training)
