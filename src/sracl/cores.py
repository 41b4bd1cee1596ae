"""The processor's cores."""

import os


def usable_cores() -> int:
    """Cores that this process may use: more threads than that would wait for each other."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
