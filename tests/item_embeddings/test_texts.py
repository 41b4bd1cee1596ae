"""Embeddings centred, whitened and reduced: against plain formulas, whatever the blocks and the library's signs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sracl.errors import SraclError
from sracl.item_embeddings import texts as module
from sracl.item_embeddings.texts import Spread, frozen_texts, has_text, principal_components
from support.texts import texts_of_kinds


def texts(items: int = 40, dimension: int = 6, missing: tuple[int, ...] = (3, 17)) -> np.ndarray:
    made = texts_of_kinds(items, dimension)
    made[list(missing)] = 0.0
    return made


def test_principal_components_are_those_of_a_singular_value_decomposition() -> None:
    made = texts()
    known = made[has_text(made)].astype(np.float64)
    centred = known - known.mean(axis=0)
    *_, directions = np.linalg.svd(centred)
    expected = centred @ directions[:3].T
    found = principal_components(made, 3, whitening=False)
    assert found.shape == (40, 3)
    np.testing.assert_allclose(np.abs(found[has_text(made)]), np.abs(expected), atol=1e-5)
    assert not found[[3, 17]].any()


def test_whitened_components_have_a_variance_of_one_and_are_uncorrelated() -> None:
    made = texts()
    found = principal_components(made, 4, whitening=True)[has_text(made)]
    np.testing.assert_allclose(found.T @ found / len(found), np.eye(4), atol=1e-4)


@pytest.mark.parametrize("whitening", [False, True])
def test_frozen_texts_have_a_mean_of_zero_and_a_mean_squared_norm_of_one(whitening: bool) -> None:
    made = texts()
    found = frozen_texts(made, whitening)
    known = found[has_text(made)]
    assert found.dtype == np.float32
    np.testing.assert_allclose(known.mean(axis=0), 0, atol=1e-6)
    assert np.square(known).sum(axis=1).mean() == pytest.approx(1, abs=1e-5)
    assert not found[[3, 17]].any()


def test_whitening_makes_columns_uncorrelated_and_stays_close_to_them() -> None:
    """ZCA: the covariance is a multiple of 1, and the map x -> Wx is symmetric, so that no axis is turned."""
    made = texts(missing=())
    found = frozen_texts(made, whitening=True)
    covariance = found.T @ found / len(found)
    np.testing.assert_allclose(covariance, np.eye(6) * covariance[0, 0], atol=1e-5)
    map_ = np.linalg.lstsq(made - made.mean(axis=0), found, rcond=None)[0]
    np.testing.assert_allclose(map_, map_.T, atol=1e-3 * np.abs(map_).max())


def test_without_whitening_differences_keep_their_directions() -> None:
    made = texts(missing=())
    found = frozen_texts(made, whitening=False)
    scale = (found[0] - found[1]) @ (made[0] - made[1]) / np.square(made[0] - made[1]).sum()
    np.testing.assert_allclose(found - found[5], scale * (made - made[5]), atol=1e-5)


@given(st.integers(0, 2**16), st.integers(1, 50))
@settings(max_examples=20, deadline=None)
def test_neither_the_order_of_items_nor_the_blocks_matter(seed: int, block: int) -> None:
    made = texts()
    order = np.random.default_rng(seed).permutation(len(made))
    whole = principal_components(made, 3, whitening=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "ROWS_A_BLOCK", block)
        parted = principal_components(made[order], 3, whitening=False)
    np.testing.assert_allclose(parted, whole[order], atol=1e-4)


def test_directions_that_hold_nothing_are_left_out() -> None:
    flat = texts(missing=())
    flat[:, 4:] = flat[:, :2]
    spread = Spread.of(flat)
    assert spread.directions.shape == (6, 4)
    assert principal_components(flat, 6, whitening=True).shape == (40, 4)
    assert np.isfinite(frozen_texts(flat, whitening=True)).all()


def test_texts_that_are_all_the_same_are_refused() -> None:
    same = np.tile(texts()[:1], (5, 1))
    with pytest.raises(SraclError, match="all have one embedding"):
        frozen_texts(same, whitening=False)
