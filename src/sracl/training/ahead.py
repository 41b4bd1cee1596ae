"""Steps made ready ahead of their turn, so that a GPU need not wait for the processor."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

StepT = TypeVar("StepT")
STEPS_AHEAD = 2


def ahead(steps: Iterator[StepT], count: int = STEPS_AHEAD) -> Iterator[StepT]:
    """The same steps in the same order, made by one other thread, at most `count` before they are asked for.

    What making one raises is raised where it would have come.
    """
    nothing = object()
    with ThreadPoolExecutor(1) as thread:
        made = deque(thread.submit(next, steps, nothing) for _ in range(count))
        while (step := made.popleft().result()) is not nothing:
            made.append(thread.submit(next, steps, nothing))
            yield step  # type: ignore[misc]
