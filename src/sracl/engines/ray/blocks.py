"""Blocks through Ray Data: workers that keep what they share, results as they come."""

import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sracl.engines.base import Block, Result, Shared, Work
from sracl.engines.ray.room import Room
from sracl.engines.ray.session import ray_data
from sracl.errors import SraclError


def map_by_ray(
    ray: Any, room: Room, make: Callable[[Shared], Work[Block, Result]], shared: Shared, blocks: Sequence[Block]
) -> Iterator[tuple[Block, Result]]:
    """Every block with its result; see `Engine.map_blocks`.

    What is shared lies once on every machine, in memory that its workers read together. Ray Data hands the blocks out
    and holds workers back whose results are not fetched. What a lost worker had is done again by another.
    """
    data = ray_data()
    rows = [{"number": number, "block": pickle.dumps(block)} for number, block in enumerate(blocks)]
    results = data.from_items(rows, override_num_blocks=len(rows)).map_batches(
        BlockWorker,
        fn_constructor_args=(make, [ray.put(shared)]),
        batch_size=1,
        compute=data.ActorPoolStrategy(size=min(room.workers, len(rows))),
        num_cpus=room.cpus,
        num_gpus=room.gpus,
    )
    for row in results.iter_rows():
        result = pickle.loads(row["result"])  # noqa: S301 - from our own worker
        if isinstance(result, SraclError):
            raise result
        yield blocks[row["number"]], result


class BlockWorker:
    """What runs in a worker: columns `number, block` of one row to `number, result`."""

    def __init__(self, make: Callable[[Any], Work[Any, Any]], shared: Sequence[Any]) -> None:
        self.make, self.shared = make, shared
        self.work: Work[Any, Any] | None = None

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, list[Any]]:
        """Do one block. An error for a person is a result, for Ray would bury it in a traceback."""
        results = [pickle.dumps(self._result(pickle.loads(block))) for block in batch["block"]]  # noqa: S301
        return {"number": list(batch["number"]), "result": results}

    def _result(self, block: Any) -> Any:
        try:
            if self.work is None:
                import ray

                self.work = self.make(ray.get(self.shared[0]))
            return self.work(block)
        except SraclError as error:
            return error
