"""Freed memory stays with the process, and new shapes leave nothing behind."""

import ctypes
import subprocess
import sys

import pytest

# Blocks of 64 MB: glibc keeps blocks of up to 32 MB by itself once it has seen one freed.
MEASURE = """
import resource, sys
import torch
from sracl.training.allocator import keep_freed_memory

if sys.argv[1] == "kept" and not keep_freed_memory():
    print("no glibc")
    sys.exit()
for _ in range(10):
    torch.ones(2**24)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    torch.ones(2**24)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def test_a_block_that_is_freed_and_allocated_again_costs_no_page_faults() -> None:
    kept, given_back = (
        subprocess.run([sys.executable, "-c", MEASURE, how], capture_output=True, text=True, check=True).stdout.strip()
        for how in ("kept", "given back")
    )
    if kept == "no glibc":
        pytest.skip("this system's C library is not glibc")
    assert int(kept) < int(given_back) / 10


HOLES = """
import ctypes
from contextlib import nullcontext
import sys
import numpy as np
from sracl.training.allocator import large_blocks_given_back

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096

np.ones(2**25 - 2**16, dtype=np.uint8)  # freed, so that glibc keeps blocks of up to this size from now on
with large_blocks_given_back() if sys.argv[1] == "given back" else nullcontext():
    before = resident()
    large = np.ones(2**24, dtype=np.uint8)
    behind = np.ones(2**18, dtype=np.uint8)
    del large
    print(resident() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="what a process holds is looked at in /proc")
@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="this C library is not glibc")
def test_a_large_block_leaves_no_hole_where_it_is_given_back() -> None:
    kept, given_back = (
        int(subprocess.run([sys.executable, "-c", HOLES, how], capture_output=True, text=True, check=True).stdout)
        for how in ("kept", "given back")
    )
    assert given_back < 2**22
    assert kept > 2**23
