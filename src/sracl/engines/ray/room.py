"""How many workers a cluster has room for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sracl.config import RayConfig
from sracl.errors import InputError


@dataclass(frozen=True)
class Room:
    """So many workers, each with so many cores and so much of a GPU."""

    workers: int
    cpus: int
    gpus: float


def room(settings: RayConfig, machines: Sequence[Mapping[str, float]]) -> Room:
    """What `settings` ask for, on these machines, each given by its resources `CPU` and `GPU`.

    Raises InputError where there is no room for that.
    """
    wanted = settings.workers or 1
    largest = max((int(machine.get("CPU", 0)) for machine in machines), default=1)
    shares = [settings.cpus] if settings.cpus else range(max(1, largest), 0, -1)
    for cpus in shares:
        most = sum(_workers(machine, cpus, settings.gpus) for machine in machines)
        if most >= wanted:
            return Room(settings.workers or most, cpus, settings.gpus)
    raise InputError(
        f"the Ray cluster has room for {most} workers of {cpus} cores and {settings.gpus:g} GPUs, and {wanted} are "
        "wanted; see ray.workers, ray.cpus and ray.gpus"
    )


def _workers(machine: Mapping[str, float], cpus: int, gpus: float) -> int:
    """How many fit on a machine."""
    fitting = int(machine.get("CPU", 0)) // cpus
    return min(fitting, int(machine.get("GPU", 0) / gpus)) if gpus else fitting
