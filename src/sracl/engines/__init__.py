"""Who describes, embeds and searches: this process, or the workers of a Ray cluster."""

from collections.abc import Iterator
from contextlib import contextmanager

from sracl.config import RunConfig
from sracl.engines.base import Engine
from sracl.engines.local import LOCAL, LocalEngine


@contextmanager
def open_engine(config: RunConfig) -> Iterator[Engine]:
    """The engine that `config.engine` names, while the block lasts.

    Raises SraclError where its package is not installed.
    """
    match config.engine:
        case "local":
            yield LOCAL
        case "ray":
            from sracl.engines.ray.engine import RayEngine

            with RayEngine(config.ray) as engine:
                yield engine


__all__ = ["LOCAL", "Engine", "LocalEngine", "open_engine"]
