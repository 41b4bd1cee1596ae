"""A plain reading of InfoNCE: one vector at a time, the sum of the definition."""

import math
from collections.abc import Sequence

import torch


def info_nce(first: torch.Tensor, second: torch.Tensor, *labels: Sequence[int], temperature: float = 1.0) -> float:
    """Mean over both views' vectors; vectors that agree in any of the labels are no negatives of each other."""
    vectors, count = torch.cat([first, second]).detach().double(), len(first)
    losses = []
    for v in range(2 * count):
        partner = (v + count) % (2 * count)
        told_apart = [w for w in range(2 * count) if all(of[v % count] != of[w % count] for of in labels)]
        scores = [float(vectors[v] @ vectors[w]) / temperature for w in [partner, *told_apart]]
        top = max(scores)
        mass = sum(math.exp(score - top) for score in scores)
        losses.append(math.log(mass) + top - scores[0])
    return sum(losses) / len(losses)
