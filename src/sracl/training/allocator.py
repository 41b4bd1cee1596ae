"""Memory of a process that trains: freed blocks stay for the next step, or go back to the system, as work asks."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from sracl.c_library import c_function

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
"""Parameters of glibc's `mallopt`."""
LARGEST = 2**30
"""Blocks up to this many bytes come from memory that stays with the process."""

MAPPED, USUALLY_MAPPED = 2**21, 2**25
"""Blocks from so many bytes on come from the system and go back to it: where that is asked for, and by glibc's rule."""


def keep_freed_memory() -> bool:
    """Tell glibc's allocator to keep freed blocks for as long as the process lives; False where there is no glibc.

    A training step allocates and frees tens of megabytes, gradients as large as the catalogue among them. By default
    glibc gives such blocks back and gets them anew, and touching each new page costs more than filling it.
    """
    # Without it (macOS, Windows, musl) allocators need no telling, or cannot be told.
    mallopt = c_function("mallopt")
    if mallopt is None:
        return False
    return bool(mallopt(MMAP_THRESHOLD, LARGEST)) and bool(mallopt(TRIM_THRESHOLD, LARGEST))


def give_back_freed_memory() -> bool:
    """Have glibc's allocator give all that is free back to the system; False where there is no glibc.

    Between pieces of work that have nothing in common: what one leaves would count as the next one's.
    """
    gc.collect()
    trim = c_function("malloc_trim")
    return trim is not None and bool(trim(0))


@contextmanager
def large_blocks_given_back() -> Iterator[None]:
    """Within it, blocks of MAPPED bytes and more go back to the system as soon as they are freed, where there is glibc.

    For work with blocks of a thousand sizes, such as the scores of cells, small blocks among them: kept in one heap,
    which glibc does with blocks of up to 32 MiB, they leave holes that no later block fits. The approximate search of
    a million rows took 11 GB so, and takes 2.3 in the same time.
    """
    mallopt = c_function("mallopt")
    if mallopt is None:
        yield
        return
    mallopt(MMAP_THRESHOLD, MAPPED)
    try:
        yield
    finally:
        # glibc does not tell what was set before: this is where its own rule ends up.
        mallopt(MMAP_THRESHOLD, USUALLY_MAPPED)
