"""LinRec: attention whose cost is linear in the history (Liu et al., SIGIR 2023), in SASRec's place."""

from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from sracl.backbones.base import Backbone
from sracl.backbones.dropout import dropout as drop
from sracl.backbones.dropout import input_dropout
from sracl.backbones.parts import (
    NORM_EPSILON,
    FeedForward,
    PositionVectors,
    initialise,
    joined_heads,
    last_of,
    present,
    split_heads,
)
from sracl.backbones.settings import Dimension, Dropout, Heads, Layers, Positions

CHUNK = 64
"""Places whose products are formed one with one; what lies before a chunk comes in as one matrix a head."""
SMALLEST = 1e-6
"""Keeps norms from 0: where dropout takes a whole vector, ELU may give 0."""


class LinearAttentionBlock(nn.Module):
    """rho_1(elu(Q)) (rho_2(elu(K))^T V) / sqrt(e) a head, and a feed-forward net, each followed by post-norm.

    rho_1 gives each row of Q, and rho_2 each column of K, the L2 norm 1 (LinRec, section 2.3).
    """

    def __init__(self, dimension: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.dropout = dropout
        self.query = nn.Linear(dimension, dimension)
        self.key_value = nn.Linear(dimension, 2 * dimension)
        self.output = nn.Linear(dimension, dimension)
        self.norm = nn.LayerNorm(dimension, eps=NORM_EPSILON)
        self.feed_forward = FeedForward(dimension, dropout)

    def forward(self, states: Float[Tensor, "B T d"]) -> Float[Tensor, "B T d"]:
        """New states of all places, each from itself and the earlier ones."""
        key, value = self._key_value(states)
        norms = key.square().cumsum(2).clamp(min=SMALLEST**2).sqrt()
        attended = causal_products(self._query(states) / norms, key, value)
        return self._after_attention(states, attended)

    def last(self, states: Float[Tensor, "B T d"], lengths: Int[Tensor, "B"]) -> Float[Tensor, "B d"]:
        """New state of each row's last item alone: one matrix K^T V a head."""
        own = last_of(states, lengths)
        key, value = self._key_value(states)
        key = key * present(lengths, states.shape[1])[:, None, :, None]
        query = self._query(own) / key.norm(dim=2, keepdim=True).clamp(min=SMALLEST)
        return self._after_attention(own, query @ (key.transpose(2, 3) @ value))[:, 0]

    def _query(self, states: Float[Tensor, "B T d"]) -> Float[Tensor, "B h T e"]:
        query = functional.elu(split_heads(self.query(states), self.heads))
        scaled: Tensor = functional.normalize(query, dim=3, eps=SMALLEST) / query.shape[3] ** 0.5
        return scaled

    def _key_value(self, states: Float[Tensor, "B T d"]) -> tuple[Float[Tensor, "B h T e"], Float[Tensor, "B h T e"]]:
        key, value = (split_heads(part, self.heads) for part in self.key_value(states).chunk(2, dim=-1))
        return functional.elu(key), value

    def _after_attention(
        self, states: Float[Tensor, "B T d"], attended: Float[Tensor, "B h T e"]
    ) -> Float[Tensor, "B T d"]:
        mixed = drop(self.output(joined_heads(attended)), self.dropout, self.training)
        result: Tensor = self.feed_forward(self.norm(states + mixed))
        return result


def causal_products(
    query: Float[Tensor, "B h T e"], key: Float[Tensor, "B h T e"], value: Float[Tensor, "B h T e"]
) -> Float[Tensor, "B h T e"]:
    """Sum over s <= t of (query_t . key_s) value_s, at a cost that is linear in T."""
    length = query.shape[2]
    size = min(CHUNK, length)
    short = -length % size
    query, key, value = (
        functional.pad(part, (0, 0, 0, short)).unflatten(2, (-1, size)) for part in (query, key, value)
    )
    within = (query @ key.transpose(3, 4)).tril() @ value
    if length > size:
        sums = key.transpose(3, 4) @ value
        within = within + query @ (sums.cumsum(2) - sums)
    return within.flatten(2, 3)[:, :, :length]


class LinRec(Backbone):
    """SASRec with L2-normalised linear attention in the place of its own, and as causal as that.

    Published LinRec lets every place of a row see all others. Here a place sees itself and the earlier ones, its
    columns of K being of norm 1 over those: so one pass serves all prefixes. With one layer this is the published
    model of every prefix; with more, the lower layers' earlier places see less than there. The authors' program
    gives each row of K the norm 1 rather than each column; this follows the paper.
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
        self.dropout = dropout
        self.positions = PositionVectors(max_length, dimension, positions)
        self.input_norm = nn.LayerNorm(dimension, eps=NORM_EPSILON)
        self.blocks = nn.ModuleList(LinearAttentionBlock(dimension, heads, dropout) for _ in range(layers))
        self.apply(initialise)

    def encode(self, embedded: Float[Tensor, "B T d"], lengths: Int[Tensor, "B"]) -> Float[Tensor, "B T d"]:
        """Hidden states of padded rows of at most `max_length` items."""
        states = self._input(embedded, lengths)
        for block in self.blocks:
            states = block(states)
        return states

    def encode_last(self, embedded: Float[Tensor, "B T d"], lengths: Int[Tensor, "B"]) -> Float[Tensor, "B d"]:
        """Hidden state of each padded row's last item: of the last block only what it needs."""
        states = self._input(embedded, lengths)
        *blocks, last = self.blocks
        for block in blocks:
            states = block(states)
        assert isinstance(last, LinearAttentionBlock)
        return last.last(states, lengths)

    def _input(self, embedded: Float[Tensor, "B T d"], lengths: Int[Tensor, "B"]) -> Float[Tensor, "B T d"]:
        states = self.input_norm(embedded + self.positions(lengths, embedded.shape[1]))
        return input_dropout(states, self.dropout, self.training)
