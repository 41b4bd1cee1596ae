"""The objective in a loop of one's own: the example runs as it stands and learns."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.small_run import write_data

EXAMPLE = Path(__file__).parent.parent.parent / "examples" / "plain_pytorch_loop.py"


@pytest.mark.slow
def test_the_example_trains_all_three_losses_and_gets_better(tmp_path) -> None:
    write_data(tmp_path)
    files = ["--interactions", tmp_path / "interactions.csv", "--items", tmp_path / "items.csv"]
    command = [sys.executable, EXAMPLE, *files, "--epochs", "15"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 15
    assert all(f"{name} " in lines[0] for name in ("next_item", "cross_sequence", "intra_sequence", "MRR@10"))
    first, last = (float(re.search(r"next_item ([\d.]+)", line)[1]) for line in (lines[0], lines[-1]))
    assert last < first - 0.2
