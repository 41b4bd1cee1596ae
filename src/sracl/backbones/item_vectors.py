"""What a backbone asks of its items' vectors, wherever they come from."""

from typing import Any, Protocol, runtime_checkable

from torch import Tensor


@runtime_checkable
class ItemVectors(Protocol):
    """A module that gives item vectors; `nn.Embedding` is one, and what every backbone begins with.

    Called with item numbers int64 `[...]`, it gives their vectors `[..., d]`, zeros for the number that pads.
    """

    def __call__(self, *items: Any) -> Any:
        """The vectors of some items."""

    @property
    def weight(self) -> Tensor:
        """The vectors of all items, then the one that pads, `[N + 1, d]`."""
