"""Neighbours by chance, drawn anew whenever they are asked for: what retrieval is compared with in ablations."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from sracl.semantics.retrieval import Exclusion


@dataclass(frozen=True)
class AnyPrefixes:
    """k prefixes of the pool for each, uniformly, with repetition, those of `exclusion` left out."""

    exclusion: Exclusion
    k: int

    def of(self, numbers: Int[Tensor, "n"], generator: torch.Generator) -> Int[Tensor, "n k"]:
        """Numbers of prefixes for the prefixes `numbers`; -1 where all are excluded."""
        count = len(self.exclusion.begins)
        begins = torch.from_numpy(self.exclusion.begins)[numbers, None]
        excluded = torch.from_numpy(self.exclusion.ends)[numbers, None] - begins
        allowed = count - excluded
        # Double precision, which tells more prefixes apart than there can be.
        chance = torch.rand(len(numbers), self.k, generator=generator, dtype=torch.float64)
        drawn = (chance * allowed).long()
        drawn += excluded * (drawn >= begins)
        return drawn.masked_fill(allowed == 0, -1)


@dataclass(frozen=True)
class AnyItems:
    """Any other item of the catalogue in an item's place, uniformly."""

    item_count: int

    def of(self, items: Int[Tensor, "n"], chance: Float[Tensor, "n"]) -> Int[Tensor, "n"]:
        """A substitute for each item, given a number in [0, 1) for each; an only item stands for itself."""
        others = self.item_count - 1
        step = 1 + (chance.double() * others).long()
        return (items + step) % self.item_count if others else items
