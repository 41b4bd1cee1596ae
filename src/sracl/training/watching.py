"""Who watches a training: is told how it goes, and shows or writes it."""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol, runtime_checkable

from torch import Tensor


@runtime_checkable
class Watcher(Protocol):
    """Is told how training goes; what it shows or writes is its own business."""

    def on_step(self, epoch: int, targets: int, parts: Mapping[str, float]) -> None:
        """After a step: targets learnt from in it, and the losses so far in the epoch, by name."""

    def on_epoch(self, record: dict[str, Any]) -> None:
        """After an epoch and its validation."""


class Silent:
    """Watches without a word."""

    def on_step(self, epoch: int, targets: int, parts: Mapping[str, float]) -> None:
        """Say nothing."""

    def on_epoch(self, record: dict[str, Any]) -> None:
        """Say nothing."""


class SoFar(Mapping[str, float]):
    """Mean losses by name, read from their device only where a watcher looks: a GPU is not waited for otherwise.

    sums: each loss times targets, a scalar tensor each that nobody changes; targets: of all steps so far.
    """

    def __init__(self, sums: Mapping[str, Tensor], targets: int) -> None:
        self.sums, self.targets = dict(sums), targets

    def __getitem__(self, name: str) -> float:
        return float(self.sums[name]) / self.targets

    def __iter__(self) -> Iterator[str]:
        return iter(self.sums)

    def __len__(self) -> int:
        return len(self.sums)
