"""Rows as short vectors of small whole numbers: their products are fast, and the same whichever way they are computed.

The rows' mean is taken off, since it tells no row from another, and takes most of the length of many encoders' vectors.
The rest is turned into the directions in which rows vary most, and these among themselves, so that every number of a
code carries about as much as any other. Then it is scaled and rounded to a byte.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import torch
from jaxtyping import Float, Int, Int8
from torch import Tensor

LEVELS = 127
"""Largest number in a code."""
KEPT = 0.97
"""Share of the rows' variance that the directions keep."""
STEP = 32
"""Codes have a multiple of so many numbers, which products like, unless the rows are shorter."""
LARGEST = 2**23
"""No product of codes is larger. With what is taken off it, it is a whole number that float32 holds exactly."""
LEAST_VARIATION = 1e-4
"""Rows that differ by less in every direction are equal: their similarities differ by less than rounding."""
TRIAL, TRIALS = 512, 3
"""Rows of the products that tell which way is faster, and how often each is tried."""


@dataclass(frozen=True)
class Coder:
    """Makes codes of d numbers: a row less `mean` `[D]`, times `directions` `[D, d]`, each `scale` long, rounded."""

    mean: Float[Tensor, " D"]
    directions: Float[Tensor, "D d"]
    scale: float
    levels: int

    @classmethod
    def of(cls, sample: Float[Tensor, "n D"], seed: int) -> "Coder":
        """A coder for rows like those of `sample`, of which there must be one at least; `seed` draws the turn."""
        mean = sample.mean(dim=0)
        centred = sample - mean
        strengths, directions = torch.linalg.eigh(centred.T @ centred)
        kept = strengths.flip(0).clamp(min=0).cumsum(0)
        enough = int(torch.searchsorted(kept, KEPT * kept[-1])) + 1
        count = min(-(-enough // STEP) * STEP, sample.shape[1])
        turn, _ = torch.linalg.qr(torch.randn(count, count, generator=torch.Generator().manual_seed(seed)))
        turned = directions.flip(1)[:, :count] @ turn
        levels = min(LEVELS, int((LARGEST / count) ** 0.5))
        scale = levels / max(float((centred @ turned).abs().max()), LEAST_VARIATION)
        return cls(mean, turned * scale, scale, levels)

    def codes(self, rows: Float[Tensor, "n D"]) -> tuple[Int8[Tensor, "n d"], Int[Tensor, " n"]]:
        """The codes of some rows, and half the square of the length of each row less the mean, at the codes' scale."""
        centred = rows - self.mean
        codes = self.rounded(centred @ self.directions)
        halves = (centred.square().sum(dim=1) * (self.scale**2 / 2)).clamp(max=LARGEST / 2)
        return codes, halves.round().int()

    def rounded(self, numbers: Float[Tensor, "n d"]) -> Int8[Tensor, "n d"]:
        """Numbers at the codes' scale as codes."""
        return numbers.round().clamp(-self.levels, self.levels).to(torch.int8)


def scores(left: Int8[Tensor, "n d"], right: Int8[Tensor, "m d"], halves: Int[Tensor, " m"]) -> Tensor:
    """How near some codes are to others, whole numbers `[n, m]`: int32 or float32, whichever is faster here.

    a b - |b|^2 / 2 falls with the distance of a and b for a given a. So does, for unit vectors, the similarity.
    """
    if integers_are_faster(left.shape[1]):
        return _as_integers(left, right).sub_(halves)
    return _as_floats(left, right).sub_(halves)


@cache
def integers_are_faster(dimension: int) -> bool:
    """Whether this machine multiplies codes faster as integers, and rightly: sums of int8 products overflow on some.

    Tried out in milliseconds. The answer changes how long a search takes and nothing else.
    """
    generator = torch.Generator().manual_seed(0)
    left, right = torch.randint(0, 2, (2, TRIAL, dimension), generator=generator).mul(2 * LEVELS).sub(LEVELS).char()
    if not torch.equal(_as_integers(left, right).float(), _as_floats(left, right)):
        return False
    return _seconds(_as_integers, left, right) < _seconds(_as_floats, left, right)


def _as_integers(left: Int8[Tensor, "n d"], right: Int8[Tensor, "m d"]) -> Int[Tensor, "n m"]:
    return torch._int_mm(left, right.T)


def _as_floats(left: Int8[Tensor, "n d"], right: Int8[Tensor, "m d"]) -> Float[Tensor, "n m"]:
    return left.float() @ right.float().T


def _seconds(product: Callable[[Tensor, Tensor], Tensor], left: Tensor, right: Tensor) -> float:
    best = float("inf")
    for _ in range(TRIALS):
        begin = time.perf_counter()
        product(left, right)
        best = min(best, time.perf_counter() - begin)
    return best
