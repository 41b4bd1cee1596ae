"""The most memory that this process held during a piece of work."""

from pathlib import Path
from types import TracebackType

CLEAR_REFS, STATUS = Path("/proc/self/clear_refs"), Path("/proc/self/status")
FORGET_PEAK = "5"
"""What Linux wants written to `clear_refs` to count the peak from now on (proc_pid_clear_refs(5))."""


class MemoryPeak:
    """The largest resident set while its block runs, in `mib` (MiB, rounded up); None where the system does not tell.

    Pages of memory-mapped files count while they are in memory, although the system may take them back at any time.
    What other processes hold does not count. Blocks must not lie within each other.
    """

    mib: int | None = None

    def __enter__(self) -> "MemoryPeak":
        self._counts = _forget_peak()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        peak = _peak_kib() if self._counts else None
        self.mib = None if peak is None else -(-peak // 1024)


def _forget_peak() -> bool:
    """Count the peak from now on; False where that cannot be: not Linux, or a container that forbids it."""
    try:
        CLEAR_REFS.write_text(FORGET_PEAK, encoding="ascii")
    except OSError:
        return False
    return True


def _peak_kib() -> int | None:
    for line in STATUS.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return None
