"""SASRec: self-attention over the history (Kang and McAuley, ICDM 2018), as SRA-CL trains it."""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from sracl.backbones.attention import attention
from sracl.backbones.base import Backbone
from sracl.backbones.dropout import dropout, input_dropout
from sracl.backbones.groups import Group, groups_of, padded_group
from sracl.backbones.parts import NORM_EPSILON, initialise, present
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

    def forward(
        self, states: Float[Tensor, "n d"], groups: Sequence[Group], causal: bool = True
    ) -> Float[Tensor, "n d"]:
        """Mix every place with the earlier ones of its row, or all; all but the attention itself needs no padding."""
        mixed = self.query_key_value(states)
        attended = [group.unpad(self._attended(group.pad(mixed), None if causal else group)) for group in groups]
        return self._after_attention(states, torch.cat(attended))

    def at(
        self, states: Float[Tensor, "n d"], groups: Sequence[Group], places: Int[Tensor, "E"]
    ) -> Float[Tensor, "E d"]:
        """The same at some rising places alone: keys and values of all places, the rest of those asked for."""
        own = states.index_select(0, places)
        weight, bias = self.query_key_value.weight, self.query_key_value.bias
        query = functional.linear(own, weight[: self.dimension], bias[: self.dimension])
        mixed = functional.linear(states, weight[self.dimension :], bias[self.dimension :])
        counts = _counts(groups, places)
        attended = [
            self._attended_at(asked, group, within - group.places.start, mixed)
            for group, asked, within in zip(groups, query.split(counts), places.split(counts), strict=True)
        ]
        return self._after_attention(own, torch.cat(attended))

    def _attended(self, mixed: Float[Tensor, "G T w"], group: Group | None) -> Float[Tensor, "G T d"]:
        """Attention over padded rows: causal, which hides the padding at their end; else to all items of `group`."""
        query, key, value = (self._heads(part) for part in mixed.chunk(3, dim=-1))
        visible = None if group is None else present(group.lengths, group.longest)[:, None, None]
        return attention(query, key, value, visible, self._dropout).transpose(1, 2).flatten(2)

    def _attended_at(
        self, query: Float[Tensor, "E d"], group: Group, places: Int[Tensor, "E"], mixed: Float[Tensor, "n w"]
    ) -> Float[Tensor, "E d"]:
        """Attention of places of a group, counted within it, each to its row up to itself."""
        ends = group.lengths.cumsum(0)
        row = torch.searchsorted(ends, places, right=True)
        within = places - (ends - group.lengths)[row]
        key, value = (self._heads(part) for part in group.pad(mixed).index_select(0, row).chunk(2, dim=-1))
        visible = (torch.arange(group.longest, device=row.device) <= within[:, None])[:, None, None, :]
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


def _counts(groups: Sequence[Group], places: Int[Tensor, "E"]) -> list[int]:
    """How many of some rising places are of each group."""
    if len(groups) == 1:
        return [len(places)]
    ends = torch.tensor([group.places.stop for group in groups], device=places.device)
    return list(torch.searchsorted(places, ends).diff(prepend=ends.new_zeros(1)).tolist())


class SASRec(Backbone):
    """Item vectors plus learned position vectors, `layers` blocks of causal self-attention.

    positions: `start` counts them from the row's first item: then a prefix gives the same vector in a long row as
    alone. `end` gives a row's last item the last position, as the authors' program does: then the most recent item
    always has the same position in use, and a prefix's positions depend on its row in training.
    """

    causal = True
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
        self.positions = positions
        self.dropout = dropout
        self.position_embedding = nn.Embedding(max_length, dimension)
        self.input_norm = nn.LayerNorm(dimension, eps=NORM_EPSILON)
        self.blocks = nn.ModuleList(SelfAttentionBlock(dimension, heads, dropout) for _ in range(layers))
        self.apply(initialise)

    def encode(self, embedded: Float[Tensor, "B T d"], lengths: Int[Tensor, "B"]) -> Float[Tensor, "B T d"]:
        """Hidden states of padded rows of at most `max_length` items."""
        return self._encode(embedded, lengths, causal=True)

    def encode_both_ways(self, embedded: Float[Tensor, "B T d"], lengths: Int[Tensor, "B"]) -> Float[Tensor, "B T d"]:
        """Hidden states with attention to all items of a row, as S3-Rec pre-trains."""
        return self._encode(embedded, lengths, causal=False)

    def _encode(
        self, embedded: Float[Tensor, "B T d"], lengths: Int[Tensor, "B"], causal: bool
    ) -> Float[Tensor, "B T d"]:
        rows, longest, _ = embedded.shape
        place = torch.arange(longest, device=embedded.device).repeat(rows)
        states = self._input(embedded.flatten(0, 1), place, torch.repeat_interleave(lengths, longest))
        groups = [padded_group(rows, longest, lengths)]
        for block in self.blocks:
            states = block(states, groups, causal)
        return states.view_as(embedded)

    def encode_packed(self, embedded: Float[Tensor, "n d"], lengths: Int[Tensor, "R"]) -> Float[Tensor, "n d"]:
        """Hidden states of rows that stand one after another, of rising `lengths`."""
        states, groups = self._packed_input(embedded, lengths), groups_of(lengths)
        for block in self.blocks:
            states = block(states, groups)
        return states

    def encode_packed_last(self, embedded: Float[Tensor, "n d"], lengths: Int[Tensor, "R"]) -> Float[Tensor, "R d"]:
        """Hidden state of each row's last item: of the last block only what it needs, some 40% less work."""
        return self._at(embedded, lengths, lengths.cumsum(0) - 1)

    def encode_packed_at(
        self, embedded: Float[Tensor, "n d"], lengths: Int[Tensor, "R"], places: Int[Tensor, "E"]
    ) -> Float[Tensor, "E d"]:
        """Hidden states at some places: of the last block only what they need."""
        rising, order = torch.sort(places)
        back = torch.empty_like(order)
        back[order] = torch.arange(len(order), device=order.device)
        return self._at(embedded, lengths, rising).index_select(0, back)

    def _at(
        self, embedded: Float[Tensor, "n d"], lengths: Int[Tensor, "R"], places: Int[Tensor, "E"]
    ) -> Float[Tensor, "E d"]:
        """Hidden states at rising places of rows of rising `lengths`."""
        states, groups = self._packed_input(embedded, lengths), groups_of(lengths)
        *blocks, last = self.blocks
        for block in blocks:
            states = block(states, groups)
        assert isinstance(last, SelfAttentionBlock)
        return last.at(states, groups, places)

    def _packed_input(self, embedded: Float[Tensor, "n d"], lengths: Int[Tensor, "R"]) -> Float[Tensor, "n d"]:
        place = ranges(torch.zeros_like(lengths), lengths, len(embedded))
        return self._input(embedded, place, torch.repeat_interleave(lengths, lengths, output_size=len(embedded)))

    def _input(
        self, embedded: Float[Tensor, "n d"], place: Int[Tensor, "n"], length: Int[Tensor, "n"]
    ) -> Float[Tensor, "n d"]:
        """Item vectors with those of their positions. place: within the row, from 0; length: of each item's row."""
        position = place + (self.max_length - length) if self.positions == "end" else place
        # Padding behind a row, which nothing reads, would count beyond the table.
        vectors = self.position_embedding(position.clamp(max=self.max_length - 1))
        return input_dropout(self.input_norm(embedded + vectors), self.dropout, self.training)
