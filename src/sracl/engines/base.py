"""What an engine does for the stages, whatever machines it has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar, runtime_checkable

if TYPE_CHECKING:
    from sracl.semantics.language_models.settling import Client

Shared = TypeVar("Shared")
Block = TypeVar("Block")
Result = TypeVar("Result")

Work = Callable[[Block], Result]
"""What a worker does to a block."""


@dataclass(frozen=True)
class Connection:
    """A client of a language model, and how many requests it takes at a time."""

    client: Client
    slots: int


Connect = Callable[[int], AbstractAsyncContextManager[Connection]]
"""Connects to a language model from a worker, told how many cores the worker has."""


@runtime_checkable
class Engine(Protocol):
    """Who does the work of the stages describe, embed and neighbors. Their results do not depend on it."""

    def map_blocks(
        self, make: Callable[[Shared], Work[Block, Result]], shared: Shared, blocks: Sequence[Block]
    ) -> Iterator[tuple[Block, Result]]:
        """Every block with its result, as they come, in any order.

        Each worker calls `make(shared)` once. What it gives is called with one block after another. `make`, `shared`,
        blocks and results must be picklable; what is shared must not be changed. Raises what `make` and the work raise.
        """

    def connect(self, connect: Connect, computes: bool) -> AbstractAsyncContextManager[Connection]:
        """A connection through all workers, each of which calls `connect`, which must be picklable.

        computes: whether the model runs in the worker, and needs its cores. Limits, repetitions and the store of
        answers stay with the caller. Raises what `connect` raises.
        """

    def close(self) -> None:
        """Give back what is held, processes and connections. Later work takes it again."""
