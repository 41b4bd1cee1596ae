"""Tables and numbers as a reader sees them."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """caption: what it holds. columns: headings, the first of the rows' names. rows: cells as text, the name first.

    wide: whether it may scroll sideways on a narrow screen.
    """

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    wide: bool = False


def count(number: float) -> str:
    """A whole number with separators of thousands."""
    return f"{number:,.0f}"


def metric(value: float) -> str:
    """A metric between 0 and 1."""
    return f"{value:.4f}"


def percent(share: float) -> str:
    """A share, with as many digits as tell something."""
    value = 100 * share
    if 0 < value < 0.1:
        return "<0.1%"
    return f"{value:.1f}%" if value < 10 or 99 < value < 100 else f"{value:.0f}%"


def duration(seconds: float) -> str:
    """A time in the units that a person would take."""
    if seconds < 120:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def plural(number: int, one: str, many: str | None = None) -> str:
    """`1 item`, `2 items`."""
    return f"{count(number)} {one if number == 1 else many or one + 's'}"


def cut(text: str, length: int) -> str:
    """A text of at most so many characters."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"
