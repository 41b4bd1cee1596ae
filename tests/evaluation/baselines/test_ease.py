"""EASE equals its closed form in double precision, and is what its objective asks for."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.baselines.contract import HISTORIES, CountingContract, data_of, scores_of
from sracl.datasets.sequences import Sequences
from sracl.errors import InputError, SraclError
from sracl.evaluation.baselines import EASE, BaselineData, ease
from support.batches import histories_of
from support.lists import flat, lists_of


def had(sequences: Sequences, items: int) -> np.ndarray:
    matrix = np.zeros((len(sequences), items))
    for row, items_of in enumerate(lists_of(sequences)):
        matrix[row, items_of] = 1
    return matrix


class TestEASE(CountingContract):
    def make(self, data: BaselineData) -> EASE:
        return EASE(data, regularization=2.0)

    @settings(max_examples=25, deadline=None)
    @given(st.integers(0, 100_000), st.sampled_from([0.5, 10.0, 500.0]))
    def test_weights_equal_the_closed_form(self, seed: int, regularization: float) -> None:
        data = data_of(seed)
        matrix = had(data.training, data.item_count)
        inverse = np.linalg.inv(matrix.T @ matrix + regularization * np.eye(data.item_count))
        expected = -inverse / np.diag(inverse)
        np.fill_diagonal(expected, 0)
        np.testing.assert_allclose(EASE(data, regularization).weights, expected, atol=1e-5)

    def test_no_other_weights_without_a_diagonal_do_better(self) -> None:
        data = data_of()
        matrix, weights = had(data.training, data.item_count), EASE(data, 2.0).weights.astype(np.float64)

        def objective(candidate: np.ndarray) -> float:
            return float(((matrix - matrix @ candidate) ** 2).sum() + 2.0 * (candidate**2).sum())

        random = np.random.default_rng(0)
        for _ in range(20):
            step = random.normal(size=weights.shape)
            np.fill_diagonal(step, 0)
            assert objective(weights + 1e-3 * step) > objective(weights)

    def test_scores_are_the_sums_of_the_items_weights_each_item_once(self) -> None:
        baseline = EASE(data_of())
        for history, row in zip(HISTORIES, scores_of(baseline, HISTORIES), strict=True):
            assert row == pytest.approx(baseline.weights[sorted(set(history))].sum(axis=0), abs=1e-6)

    @pytest.mark.parametrize("tile", [1, 5, 12, 100])
    def test_the_triangle_is_mirrored_whatever_the_tiles(self, monkeypatch, tile: int) -> None:
        expected = EASE(data_of()).weights.copy()
        monkeypatch.setattr(ease, "TILE", tile)
        np.testing.assert_array_equal(EASE(data_of()).weights, expected)

    def test_too_many_items_are_refused_before_anything_is_made(self) -> None:
        many = BaselineData(histories_of([3, 4], 20), 2_000_000)
        with pytest.raises(InputError, match="15,258,789 MiB, more than its memory_mb of 4,096") as raised:
            EASE(many)
        assert len(str(raised.value).splitlines()) == 2
        assert EASE(BaselineData(many.training, 512), memory_mb=1).weights.nbytes == 2**20
        with pytest.raises(InputError, match="memory_mb of 1;"):
            EASE(BaselineData(many.training, 513), memory_mb=1)

    def test_a_matrix_that_single_precision_cannot_invert_is_said(self) -> None:
        together = flat([[0, 1]] * 1000)
        with pytest.raises(SraclError, match="raise its regularization"):
            EASE(BaselineData(together, 2), regularization=1e-9)
