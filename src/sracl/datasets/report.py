"""What the rules of preparation counted, for people to read."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass
class PrepareReport:
    """Labels and what was counted, in the order of the rules; texts stand for numbers that are no counts."""

    counts: list[tuple[str, int | str]] = field(default_factory=list)

    def add(self, label: str, count: int | str) -> None:
        """Append a row."""
        self.counts.append((label, count))

    def describe(self, when: str, lengths: NDArray[np.integer], items: int) -> None:
        """Append the size of the data at some point.

        when: `read` or `kept`; lengths: every user's number of interactions, all at least 1, `[users]`, not empty.
        """
        users, total = len(lengths), int(lengths.sum())
        self.add(f"users {when}", users)
        self.add(f"items {when}", items)
        self.add(f"interactions {when}", total)
        self.add(f"density {when}", f"{total / users / items:.4%}")
        self.add(
            f"interactions a user {when}: least / median / mean / most",
            f"{lengths.min()} / {np.median(lengths):g} / {lengths.mean():.1f} / {lengths.max()}",
        )

    def rows(self) -> list[tuple[str, int | str]]:
        """All rows."""
        return list(self.counts)
