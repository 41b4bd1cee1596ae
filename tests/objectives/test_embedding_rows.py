"""Rows of embeddings come from the table, mapped or not, on the device and in the precision that a loss needs."""

import numpy as np
import pytest
import torch

from sracl.objectives.embedding_rows import EmbeddingRows
from support.batches import unit_vectors
from support.gpu import needs_gpu


@pytest.fixture
def table(tmp_path) -> np.ndarray:
    np.save(tmp_path / "table.npy", unit_vectors(30, 6))
    return np.load(tmp_path / "table.npy", mmap_mode="r")


def test_rows_of_any_shape_are_the_tables(table: np.ndarray) -> None:
    rows = EmbeddingRows(table)
    for numbers in (torch.tensor([3, 29, 3]), torch.tensor([[1, 2], [0, 9]]), torch.empty(0, dtype=torch.long)):
        found = rows.of(numbers)
        assert found.dtype == torch.float32
        np.testing.assert_array_equal(found.numpy(), table[numbers.numpy()])


@pytest.mark.parametrize(
    ("asked", "given"),
    [(torch.float64, torch.float64), (torch.bfloat16, torch.float32), (torch.float16, torch.float32)],
)
def test_rows_are_as_fine_as_asked_for_and_no_coarser_than_float32(
    table: np.ndarray, asked: torch.dtype, given: torch.dtype
) -> None:
    assert EmbeddingRows(table).of(torch.tensor([1]), asked).dtype == given


@needs_gpu
@pytest.mark.parametrize("share", [0.5, 0.0], ids=["room for a copy", "no room"])
def test_a_gpu_has_the_same_rows(table: np.ndarray, share: float, monkeypatch) -> None:
    monkeypatch.setattr("sracl.objectives.embedding_rows.SHARE_OF_FREE", share)
    numbers = torch.tensor([[3, 29], [0, 3]])
    found = EmbeddingRows(table).of(numbers.cuda())
    assert found.device.type == "cuda"
    np.testing.assert_array_equal(found.cpu().numpy(), table[numbers.numpy()])
