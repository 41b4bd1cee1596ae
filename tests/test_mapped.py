"""Pages that are given back leave the process's memory, and nothing of what was written is lost."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.lib.format import open_memmap

from sracl.mapped import let_go

ROWS = 100_000


def resident_mib() -> float:
    return int(re.search(r"VmRSS:\s+(\d+)", Path("/proc/self/status").read_text()).group(1)) / 1024


@pytest.mark.skipif(sys.platform != "linux", reason="pages are looked at in /proc")
@pytest.mark.parametrize("view", [lambda array: array, lambda array: array[10:], np.asarray])
def test_what_was_written_stays_and_the_pages_go(tmp_path: Path, view) -> None:
    array = open_memmap(tmp_path / "a.npy", mode="w+", dtype=np.float32, shape=(ROWS, 100))
    array[:] = np.arange(ROWS)[:, None]
    held = resident_mib()
    let_go(view(array))
    assert held - resident_mib() > 30
    assert array[ROWS - 1, 0] == ROWS - 1
    array.flush()
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy", mmap_mode="r")[:, 7], np.arange(ROWS))


def test_other_arrays_stay_as_they_are(tmp_path: Path) -> None:
    plain = np.arange(5)
    let_go(plain)
    np.save(tmp_path / "b.npy", plain)
    changed = np.load(tmp_path / "b.npy", mmap_mode="c")
    changed[:] = 7
    let_go(changed)
    np.testing.assert_array_equal(plain, np.arange(5))
    np.testing.assert_array_equal(changed, np.full(5, 7))
