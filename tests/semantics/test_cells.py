"""Cells hold every row that is not zeros once, with the rows that are like it."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings

from sracl.errors import InputError
from sracl.semantics import cells as cells_module
from sracl.semantics.cells import Cells, filled_rows
from support.neighbours import cases, clustered


@settings(max_examples=40, deadline=None)
@given(cases())
def test_every_row_but_those_of_zeros_is_in_one_cell_by_its_number(case) -> None:
    embeddings, _ = case
    cells = Cells.of(embeddings, 0)
    filled = np.flatnonzero(embeddings.any(axis=1))
    if cells is None:
        assert len(filled) == 0
        return
    assert sorted(cells.numbers.tolist()) == filled.tolist()
    assert cells.offsets[0] == 0
    assert cells.offsets[-1] == len(filled)
    for cell in range(len(cells)):
        members = slice(int(cells.offsets[cell]), int(cells.offsets[cell + 1]))
        assert (cells.owners[members] == cell).all()
        assert (cells.numbers[members].diff() > 0).all()
    coded, halves = cells.coder.codes(torch.from_numpy(embeddings[cells.numbers.numpy()]))
    assert (coded.int() - cells.codes.int()).abs().max() <= 1, "rounding of products in blocks"
    assert torch.isclose(halves, cells.halves, rtol=1e-4, atol=1).all()


def test_every_number_of_a_code_is_put_into_order(monkeypatch) -> None:
    embeddings, _ = clustered(1_000)
    monkeypatch.setattr(cells_module, "COLUMNS", 5)
    cells = Cells.of(embeddings, 0)
    assert cells is not None
    assert cells.codes.shape[1] > 2 * cells_module.COLUMNS
    coded, _ = cells.coder.codes(torch.from_numpy(embeddings)[cells.numbers])
    assert (coded.int() - cells.codes.int()).abs().max() <= 1


def resident_kib(file: Path) -> int:
    """How much of a mapped file is in this process's memory."""
    maps = Path("/proc/self/smaps").read_text()
    return sum(int(kib) for kib in re.findall(rf"{re.escape(str(file))}\n(?:\w+:.*\n)*?Rss: +(\d+) kB", maps))


@pytest.mark.skipif(sys.platform != "linux", reason="pages are looked at in /proc")
def test_a_mapped_file_gives_the_same_cells_and_leaves_memory(tmp_path) -> None:
    embeddings, _ = clustered(6_000)
    file = tmp_path / "rows.npy"
    np.save(file, embeddings)
    mapped = np.load(file, mmap_mode="r")
    assert float(mapped.sum()) != 0
    assert resident_kib(file) >= embeddings.nbytes // 1024
    first, second = Cells.of(embeddings, 0), Cells.of(mapped, 0)
    assert first is not None
    assert second is not None
    assert torch.equal(first.codes, second.codes)
    assert torch.equal(first.numbers, second.numbers)
    assert resident_kib(file) <= 64, "the header's page, or what is read around it"


def test_rows_of_a_cell_are_alike() -> None:
    embeddings, _ = clustered(6_000)
    cells = Cells.of(embeddings, 0)
    assert cells is not None
    rows = torch.from_numpy(embeddings)[cells.numbers]
    to_next = (rows[1:] * rows[:-1]).sum(dim=1)
    assert to_next[cells.owners[1:] == cells.owners[:-1]].mean() > to_next.mean() > 0.4
    assert (rows[:3000] * rows[3000:]).sum(dim=1).mean() < 0.1


def test_a_centre_is_nearest_to_itself() -> None:
    cells = Cells.of(clustered(3_000)[0], 0)
    assert cells is not None
    assert torch.equal(cells.to_centres(cells.centres).argmax(dim=1), torch.arange(len(cells)))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_the_search_for_filled_rows_refuses_what_is_no_number(value: float) -> None:
    embeddings = np.ones((5_000, 3), np.float32)
    embeddings[4_900, 1] = value
    with pytest.raises(InputError, match="NaN or infinite"):
        filled_rows(embeddings)
