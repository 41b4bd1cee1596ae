"""Freed memory stays with the process."""

import subprocess
import sys

import pytest

MEASURE = """
import resource, sys
import torch
from sracl.training.allocator import keep_freed_memory

if sys.argv[1] == "kept" and not keep_freed_memory():
    print("no glibc")
    sys.exit()
for _ in range(3):
    torch.ones(2**22)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    torch.ones(2**22)
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
