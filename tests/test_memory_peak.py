"""The peak of a block is the block's own, and unknown where the system does not tell."""

import sys
from pathlib import Path

import numpy as np
import pytest

from sracl import memory_peak
from sracl.memory_peak import MemoryPeak

LARGE = 200 * 2**20


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts a peak anew")
def test_what_an_earlier_block_held_does_not_count() -> None:
    with MemoryPeak() as before:
        pass
    with MemoryPeak() as large:
        np.ones(LARGE, dtype=np.uint8)
    with MemoryPeak() as after:
        pass
    assert before.mib is not None
    assert large.mib is not None
    assert after.mib is not None
    assert large.mib - before.mib > 190
    assert large.mib - after.mib > 190


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
