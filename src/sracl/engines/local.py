"""The engine `local`: everything in this process."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager

from sracl.cores import usable_cores
from sracl.engines.base import Block, Connect, Connection, Result, Shared, Work


class LocalEngine:
    """Does the work itself, a block after another."""

    def map_blocks(
        self, make: Callable[[Shared], Work[Block, Result]], shared: Shared, blocks: Sequence[Block]
    ) -> Iterator[tuple[Block, Result]]:
        """Every block with its result, in order; see `Engine.map_blocks`."""
        if not blocks:
            return
        work = make(shared)
        for block in blocks:
            yield block, work(block)

    def connect(self, connect: Connect, computes: bool) -> AbstractAsyncContextManager[Connection]:
        """The connection of this process; see `Engine.connect`."""
        return connect(usable_cores())

    def close(self) -> None:
        """There is nothing to give back."""


LOCAL = LocalEngine()
"""It keeps nothing, so that one is enough."""
