"""Who watches a training: is told how it goes, and shows or writes it."""

from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class Watcher(Protocol):
    """Is told how training goes; what it shows or writes is its own business."""

    def on_step(self, epoch: int, targets: int, parts: dict[str, float]) -> None:
        """After a step: targets learnt from in it, and the losses so far in the epoch, by name."""

    def on_epoch(self, record: dict[str, Any]) -> None:
        """After an epoch and its validation."""


class Silent:
    """Watches without a word."""

    def on_step(self, epoch: int, targets: int, parts: dict[str, float]) -> None:
        """Say nothing."""

    def on_epoch(self, record: dict[str, Any]) -> None:
        """Say nothing."""
