"""What several backbones are built of: positions, feed-forward nets, heads, rows moved to the end, initial weights."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional

from sracl.backbones.attention import attention
from sracl.backbones.dropout import dropout
from sracl.backbones.settings import CountedFrom

INITIAL_DEVIATION = 0.02
NORM_EPSILON = 1e-12


class PositionVectors(nn.Module):
    """A learned vector for each of `count` positions.

    counted: `start` counts positions from a row's first item, `end` gives a row's last item the last position.
    """

    def __init__(self, count: int, dimension: int, counted: CountedFrom) -> None:
        super().__init__()
        self.counted = counted
        self.vectors = nn.Embedding(count, dimension)

    def forward(self, lengths: Int[Tensor, "B"], longest: int) -> Float[Tensor, "... T d"]:
        """Vectors of the places 0 to `longest` - 1 of rows of `lengths` items; `[T, d]` where all rows share them."""
        if self.counted == "start":
            return self.vectors.weight[:longest]
        last = self.vectors.num_embeddings - 1
        place = torch.arange(longest, device=lengths.device)
        position: Tensor = self.vectors((place + (last + 1 - lengths)[:, None]).clamp_(max=last))
        return position


class FeedForward(nn.Module):
    """Two layers of inner width 4d with GELU, dropout, and post-norm over the sum with the input."""

    def __init__(self, dimension: int, dropout: float) -> None:
        super().__init__()
        self.dropout = dropout
        self.inner = nn.Linear(dimension, 4 * dimension)
        self.outer = nn.Linear(4 * dimension, dimension)
        self.norm = nn.LayerNorm(dimension, eps=NORM_EPSILON)

    def forward(self, states: Float[Tensor, "*B d"]) -> Float[Tensor, "*B d"]:
        """Each vector for itself."""
        forwarded = self.outer(functional.gelu(self.inner(states)))
        result: Tensor = self.norm(states + dropout(forwarded, self.dropout, self.training))
        return result


class Attention(nn.Module):
    """Multi-head scaled dot-product attention of some places to all, with its output layer."""

    def __init__(self, dimension: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.dropout = dropout
        self.query = nn.Linear(dimension, dimension)
        self.key_value = nn.Linear(dimension, 2 * dimension)
        self.output = nn.Linear(dimension, dimension)

    def forward(
        self,
        asking: Float[Tensor, "B Q d"],
        states: Float[Tensor, "B T d"],
        visible: Bool[Tensor, "#B #Q T"] | None = None,
    ) -> Float[Tensor, "B Q d"]:
        """What the places `asking` read at `states`.

        visible: which of the T each of the Q may read, at least one; None: Q = T, each reads itself and the earlier.
        """
        key, value = (split_heads(part, self.heads) for part in self.key_value(states).chunk(2, dim=-1))
        query = split_heads(self.query(asking), self.heads)
        seen = None if visible is None else visible[:, None]
        result: Tensor = self.output(
            joined_heads(attention(query, key, value, seen, self.dropout if self.training else 0.0))
        )
        return result


def split_heads(values: Float[Tensor, "B T d"], heads: int) -> Float[Tensor, "B h T e"]:
    """The h parts of every vector, `d = h e`."""
    parts: Tensor = values.unflatten(2, (heads, -1))
    return parts.transpose(1, 2)


def joined_heads(values: Float[Tensor, "B h T e"]) -> Float[Tensor, "B T d"]:
    """The inverse of `split_heads`."""
    return values.transpose(1, 2).flatten(2)


def present(lengths: Int[Tensor, "B"], longest: int) -> Bool[Tensor, "B T"]:
    """Which of the first `longest` places hold an item, in rows padded at their end."""
    return torch.arange(longest, device=lengths.device) < lengths[:, None]


def last_of(states: Float[Tensor, "B T d"], lengths: Int[Tensor, "B"]) -> Float[Tensor, "B 1 d"]:
    """The vector at each row's last item."""
    return states[torch.arange(lengths.shape[0], device=lengths.device), lengths - 1][:, None]


def moved_to_the_end(
    embedded: Float[Tensor, "B T d"], lengths: Int[Tensor, "B"], length: int
) -> Float[Tensor, "B L d"]:
    """Rows of `length` places whose items stand at the end, zeros before them, whatever stood after them."""
    place = torch.arange(length, device=lengths.device) - (length - lengths)[:, None]
    source = place.clamp(min=0)[:, :, None].expand(-1, -1, embedded.shape[2])
    return embedded.gather(1, source).masked_fill(place[:, :, None] < 0, 0.0)


def initialise(module: nn.Module) -> None:
    """Normal weights of deviation 0.02 and no bias, as in BERT; a vector that pads stays zero. For `Module.apply`."""
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=INITIAL_DEVIATION)
    if isinstance(module, nn.Linear) and module.bias is not None:
        nn.init.zeros_(module.bias)
    if isinstance(module, nn.Embedding) and module.padding_idx is not None:
        with torch.no_grad():
            module.weight[module.padding_idx].zero_()
