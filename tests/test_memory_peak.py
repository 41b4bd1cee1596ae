"""The peak of a block is the block's own, and unknown where the system does not tell."""

import subprocess
import sys
from pathlib import Path

import pytest

from sracl import memory_peak
from sracl.memory_peak import MemoryPeak

BLOCKS = """
import numpy as np
from sracl.memory_peak import MemoryPeak

with MemoryPeak() as before:
    pass
with MemoryPeak() as large:
    np.ones(200 * 2**20, dtype=np.uint8)
with MemoryPeak() as after:
    pass
print(before.mib, large.mib, after.mib)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts a peak anew")
def test_what_an_earlier_block_held_does_not_count() -> None:
    # In a process of its own: what this one frees meanwhile would be counted too.
    told = subprocess.run([sys.executable, "-c", BLOCKS], capture_output=True, text=True, check=True).stdout
    before, large, after = map(int, told.split())
    assert 190 < large - before < 210
    assert 190 < large - after < 210


def test_a_system_that_does_not_count_gives_none(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(memory_peak, "CLEAR_REFS", tmp_path / "nowhere" / "clear_refs")
    with MemoryPeak() as peak:
        pass
    assert peak.mib is None


def test_a_system_that_counts_and_does_not_tell_gives_none(tmp_path: Path, monkeypatch) -> None:
    for name in ("CLEAR_REFS", "STATUS"):
        path = tmp_path / name
        path.write_text("Name: python\n")
        monkeypatch.setattr(memory_peak, name, path)
    with MemoryPeak() as peak:
        pass
    assert peak.mib is None
