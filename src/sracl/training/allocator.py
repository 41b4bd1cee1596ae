"""Keeps freed memory for the next step, which would otherwise be fetched from the system page by page."""

import ctypes

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
"""Parameters of glibc's `mallopt`."""
LARGEST = 2**30
"""Blocks up to this many bytes come from memory that stays with the process."""


def keep_freed_memory() -> bool:
    """Tell glibc's allocator to keep freed blocks for as long as the process lives; False where there is no glibc.

    A training step allocates and frees tens of megabytes, gradients as large as the catalogue among them. By default
    glibc gives such blocks back and gets them anew, and touching each new page costs more than filling it.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        # Not glibc (macOS, Windows, musl): these allocators need no telling, or cannot be told.
        return False
    return bool(mallopt(MMAP_THRESHOLD, LARGEST)) and bool(mallopt(TRIM_THRESHOLD, LARGEST))
