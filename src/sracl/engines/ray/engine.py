"""The engine `ray`: the workers of a cluster, or of one on this machine."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager

from sracl.config import RayConfig
from sracl.engines.base import Block, Connect, Connection, Result, Shared, Work
from sracl.engines.ray.asking import connected_through
from sracl.engines.ray.blocks import map_by_ray
from sracl.engines.ray.room import Room, room
from sracl.engines.ray.session import ray_session, require_ray
from sracl.errors import SraclError


class RayEngine:
    """Does the work on a Ray cluster, which it connects to when there is work and leaves when it is closed.

    Raises SraclError where `ray` is not installed; so does its work where Ray fails, InputError where RAY_ADDRESS names
    no cluster or the cluster has no room.
    """

    def __init__(self, settings: RayConfig) -> None:
        self.ray = require_ray()
        self.settings = settings
        self._stack = ExitStack()
        self._connected = False

    def __enter__(self) -> "RayEngine":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the cluster; see `Engine.close`."""
        self._connected = False
        self._stack.close()

    def map_blocks(
        self, make: Callable[[Shared], Work[Block, Result]], shared: Shared, blocks: Sequence[Block]
    ) -> Iterator[tuple[Block, Result]]:
        """Every block with its result, in any order; see `Engine.map_blocks`."""
        if not blocks:
            return
        with self._explained():
            yield from map_by_ray(self.ray, room(self.settings, self._machines()), make, shared, blocks)

    @asynccontextmanager
    async def connect(self, connect: Connect, computes: bool) -> AsyncIterator[Connection]:
        """A connection through all workers; see `Engine.connect`.

        Those of a model elsewhere need no cores: there is one for each machine, unless `ray.workers` says otherwise.
        """
        machines = self._machines()
        given = room(self.settings, machines) if computes else Room(self.settings.workers or len(machines), 0, 0)
        with self._explained():
            async with connected_through(self.ray, given, connect) as connection:
                yield connection

    def _machines(self) -> list[Mapping[str, float]]:
        """The resources of the cluster's machines, `CPU` and `GPU` among them; connects to it the first time."""
        if not self._connected:
            self._stack.enter_context(ray_session((self.settings.workers or 1) * (self.settings.cpus or 1)))
            self._connected = True
        return [node["Resources"] for node in self.ray.nodes() if node["Alive"]]

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except self.ray.exceptions.RayError as error:
            told = str(error).strip().splitlines()
            raise SraclError(
                f"a worker of Ray failed: {told[0][:200]}\n"
                f"{told[-1][:300]} (is the same sracl installed on every machine?)"
            ) from error
