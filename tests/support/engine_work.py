"""Work that engines do in tests, where workers can import it."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

from sracl.errors import InputError


def adding(shared: int) -> Callable[[int], tuple[int, int]]:
    """Adds what is shared to a block; tells the process that did."""
    return lambda block: (block + shared, os.getpid())


def counting(folder: Path) -> Callable[[int], int]:
    """Leaves a file in `folder` for every time that it is made."""
    (folder / f"{os.getpid()}-{len(list(folder.iterdir()))}").touch()
    return lambda block: block


def refusing(shared: str) -> Callable[[int], int]:
    """Cannot be made."""
    raise InputError(f"{shared} is not there")


def refusing_three(shared: str) -> Callable[[int], int]:
    """Fails at block 3."""

    def work(block: int) -> int:
        if block == 3:
            raise InputError(f"{shared} cannot do {block}")
        return block

    return work


def dying_once(folder: Path) -> Callable[[int], int]:
    """The worker that does block 5 is killed at it, the first time."""

    def work(block: int) -> int:
        if block == 5 and not (folder / "died").exists():
            (folder / "died").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return block

    return work
