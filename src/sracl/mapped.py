"""Memory-mapped arrays whose pages are given back as soon as they are read or written."""

import mmap
from typing import Any

import numpy as np
from numpy.typing import NDArray


def let_go(array: NDArray[np.generic]) -> None:
    """Take the pages of a memory-mapped array out of this process's memory; another array stays as it is.

    Nothing is lost: what was written stays with the file, and what is asked for again is read again, from the system's
    cache while that has it.
    """
    held: Any = array
    while isinstance(held, np.ndarray):
        below: Any = held.base
        if isinstance(below, mmap.mmap):
            # A private mapping ("c") would lose what was changed in it.
            if getattr(held, "mode", "c") != "c" and hasattr(mmap, "MADV_DONTNEED"):
                below.madvise(mmap.MADV_DONTNEED)
            return
        held = below
