"""From values to places in a picture, and the round numbers that stand at an axis."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
LETTER, DISTANCE = 7.3, 10.0
"""Width of a figure on a phone, and what stays free between a label and the axis."""


@dataclass(frozen=True)
class Scale:
    """Maps low ... high to begin ... end, straight or by the logarithm."""

    low: float
    high: float
    begin: float
    end: float
    logarithmic: bool = False

    def __call__(self, value: ArrayLike) -> NDArray[np.float64]:
        """Places of values."""
        values = np.asarray(value, dtype=np.float64)
        low, high = self.low, self.high
        if self.logarithmic:
            values, low, high = np.log(values), math.log(low), math.log(high)
        share = (values - low) / ((high - low) or 1.0)
        return self.begin + share * (self.end - self.begin)

    def at(self, value: float) -> float:
        """Place of one value."""
        return float(self(value))


def ticks(low: float, high: float, about: int = 4) -> list[float]:
    """Some `about` round numbers from at or above `low` to at or below `high`."""
    if not high > low:
        return [low]
    raw = (high - low) / about
    size = 10.0 ** math.floor(math.log10(raw))
    step = next(one * size for one in STEPS if one * size >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(number * step, 12) for number in range(first, last + 1)]


def reaching(high: float, about: int = 4) -> float:
    """A round number at or above `high`, for the end of an axis that begins at 0."""
    if high <= 0:
        return 1.0
    step = ticks(0.0, high, about)[1] if len(ticks(0.0, high, about)) > 1 else high
    return math.ceil(high / step - 1e-9) * step


def room(labels: list[str]) -> float:
    """Width that the longest of some labels takes at the left of an axis, with its distance from it."""
    return LETTER * max(map(len, labels), default=1) + DISTANCE


def shown(value: float) -> str:
    """A tick's label, short."""
    if abs(value) >= 10_000:
        return f"{value / 1000:,.0f}k"
    return f"{value:,.0f}" if value == int(value) else f"{value:.10g}"
