"""Freed memory stays with the process, and new shapes leave nothing behind."""

import ctypes
import subprocess
import sys

import pytest
import torch

from sracl.training.allocator import without_kernels_by_shape

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


GROWTH = """
import ctypes, sys
from contextlib import nullcontext
import torch
from sracl.training.allocator import without_kernels_by_shape


class Facts(ctypes.Structure):
    names = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()
    _fields_ = [(name, ctypes.c_size_t) for name in names]


def allocated():
    mallinfo = ctypes.CDLL(None).mallinfo2
    mallinfo.restype = Facts
    return mallinfo().uordblks


with without_kernels_by_shape() if sys.argv[1] == "forgotten" else nullcontext():
    torch.nn.functional.gelu(torch.ones(1, 64))
    before = allocated()
    for rows in range(2, 600):
        torch.nn.functional.gelu(torch.ones(rows, 64))
    print(allocated() - before)
"""


@pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="this PyTorch has no oneDNN")
@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="this C library does not tell what it holds")
def test_kernels_are_not_kept_for_every_shape() -> None:
    kept, forgotten = (
        int(subprocess.run([sys.executable, "-c", GROWTH, how], capture_output=True, text=True, check=True).stdout)
        for how in ("kept", "forgotten")
    )
    assert forgotten < kept / 10


def test_the_callers_choice_of_kernels_is_put_back_even_after_an_error() -> None:
    def fail() -> None:
        with without_kernels_by_shape():
            assert not torch.backends.mkldnn.enabled
            raise ValueError("stop")

    before = torch.backends.mkldnn.enabled
    with pytest.raises(ValueError, match="stop"):
        fail()
    assert torch.backends.mkldnn.enabled == before
