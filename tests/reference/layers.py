"""Layers written out for one vector or one short list of vectors: what plain readings of backbones are built of."""

import math

import torch
from torch import Tensor, nn


def linear(layer: nn.Linear, x: Tensor) -> Tensor:
    """W x + b of one vector."""
    product = torch.stack([(row * x).sum() for row in layer.weight])
    return product if layer.bias is None else product + layer.bias


def norm(x: Tensor, layer: nn.LayerNorm | None = None, epsilon: float = 1e-12) -> Tensor:
    """Layer normalisation of one vector; without a layer, neither weights nor bias."""
    normal = (x - x.mean()) / torch.sqrt(((x - x.mean()) ** 2).mean() + epsilon)
    return normal if layer is None else normal * layer.weight + layer.bias


def gelu(x: Tensor) -> Tensor:
    """x times the normal distribution's share below x."""
    return x * 0.5 * (1 + torch.erf(x / math.sqrt(2)))


def silu(x: Tensor) -> Tensor:
    """x times its logistic function."""
    return x / (1 + torch.exp(-x))


def sigmoid(x: Tensor) -> Tensor:
    """The logistic function."""
    return 1 / (1 + torch.exp(-x))


def attended(query: Tensor, keys: list[Tensor], values: list[Tensor], heads: int) -> Tensor:
    """Multi-head softmax attention of one query."""
    size, parts = len(query) // heads, []
    for head in range(heads):
        own = slice(head * size, (head + 1) * size)
        share = torch.softmax(torch.stack([query[own] @ key[own] / math.sqrt(size) for key in keys]), dim=0)
        parts.append(sum(weight * value[own] for weight, value in zip(share, values, strict=True)))
    return torch.cat(parts)


def attention(layer: nn.Module, query_at: Tensor, states: list[Tensor], heads: int) -> Tensor:
    """What `query_at` reads at `states`, through the query, key, value and output layers of `layer`."""
    both = [linear(layer.key_value, state) for state in states]
    width = len(query_at)
    found = attended(
        linear(layer.query, query_at), [pair[:width] for pair in both], [pair[width:] for pair in both], heads
    )
    return linear(layer.output, found)


def feed_forward(layer: nn.Module, x: Tensor) -> Tensor:
    """norm(x + W_2 gelu(W_1 x + b_1) + b_2)."""
    return norm(x + linear(layer.outer, gelu(linear(layer.inner, x))), layer.norm)
