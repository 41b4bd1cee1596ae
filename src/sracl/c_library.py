"""Functions of the system's C library."""

import ctypes
from typing import Any


def c_function(name: str) -> Any | None:
    """The function of this name in the C library of the process; None where it has none, or no library can be asked."""
    try:
        return getattr(ctypes.CDLL(None), name)
    except (OSError, AttributeError, TypeError):
        return None
