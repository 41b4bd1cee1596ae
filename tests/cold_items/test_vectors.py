"""Vectors of cold items equal plain readings, lie where their texts say, and ask nothing of items without text."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sracl.cold_items import METHODS, Known, neighbors, vectors_of
from sracl.config import ColdItemsConfig
from sracl.errors import InputError
from support.batches import unit_vectors

WIDTH, DIMENSION = 5, 3


def known(count: int = 20, seed: int = 0) -> Known:
    return Known(unit_vectors(count, WIDTH, seed), np.random.default_rng(seed).normal(size=(count, 3)).astype("f4"))


def configured(**settings: object) -> ColdItemsConfig:
    return ColdItemsConfig.model_validate(settings)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 100_000), st.integers(1, 30), st.sampled_from([0.05, 0.5]))
def test_neighbours_are_weighted_by_a_softmax_of_their_cosines(seed: int, k: int, temperature: float) -> None:
    trained, texts = known(20, seed), unit_vectors(4, WIDTH, seed + 1)
    found = vectors_of(trained, texts, configured(neighbors=k, temperature=temperature))
    for text, vector in zip(texts, found, strict=True):
        cosines = trained.texts.astype(np.float64) @ text
        best = np.argsort(-cosines, kind="stable")[:k]
        weights = np.exp(cosines[best] / temperature) / np.exp(cosines[best] / temperature).sum()
        assert vector == pytest.approx(weights @ trained.vectors[best], abs=1e-4)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 100_000), st.sampled_from([0.1, 10.0]))
def test_regression_is_where_its_objective_is_least(seed: int, regularization: float) -> None:
    trained = known(20, seed)
    centre, mean = trained.texts.mean(axis=0), trained.vectors.mean(axis=0)
    apart, aside = trained.texts - centre, trained.vectors - mean
    weights = np.linalg.solve(apart.T @ apart + regularization * np.eye(WIDTH), apart.T @ aside)
    texts = unit_vectors(4, WIDTH, seed + 1)
    found = vectors_of(trained, texts, configured(method="regression", regularization=regularization))
    np.testing.assert_allclose(found, (texts - centre) @ weights + mean, atol=1e-4)


def test_a_linear_space_is_found_again_by_regression_and_a_copy_by_its_neighbour() -> None:
    texts = unit_vectors(200, WIDTH)
    linear = Known(texts[:150], (texts[:150] @ np.arange(15).reshape(5, 3)).astype(np.float32))
    found = vectors_of(linear, texts[150:], configured(method="regression", regularization=1e-4))
    np.testing.assert_allclose(found, texts[150:] @ np.arange(15).reshape(5, 3), atol=1e-2)
    same = vectors_of(linear, texts[:5], configured(neighbors=1))
    np.testing.assert_array_equal(same, linear.vectors[:5])


@pytest.mark.parametrize("method", METHODS)
def test_an_item_without_text_gets_the_mean_and_changes_no_other(method: str) -> None:
    trained, texts = known(), unit_vectors(3, WIDTH, 9)
    alone = vectors_of(trained, texts, configured(method=method))
    texts[1] = 0
    found = vectors_of(trained, texts, configured(method=method))
    np.testing.assert_allclose(found[1], trained.vectors.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(found[[0, 2]], alone[[0, 2]], atol=1e-6)
    assert found.dtype == np.float32


@pytest.mark.parametrize("method", METHODS)
def test_no_new_items_give_no_vectors(method: str) -> None:
    found = vectors_of(known(), np.empty((0, WIDTH), dtype=np.float32), configured(method=method))
    assert found.shape == (0, DIMENSION)


def test_blocks_do_not_change_the_vectors(monkeypatch) -> None:
    texts = unit_vectors(7, WIDTH, 3)
    whole = vectors_of(known(), texts, configured())
    monkeypatch.setattr(neighbors, "MEMORY", 1)
    np.testing.assert_allclose(vectors_of(known(), texts, configured()), whole, atol=1e-6)


def test_only_trained_items_with_a_text_are_learnt_from() -> None:
    texts, vectors = unit_vectors(4, WIDTH), np.eye(4, 3, dtype=np.float32)
    texts[1] = 0
    trained = np.array([True, True, False, True])
    found = Known.among(texts, vectors, trained)
    np.testing.assert_array_equal(found.texts, texts[[0, 3]])
    np.testing.assert_array_equal(found.vectors, vectors[[0, 3]])
    with pytest.raises(InputError, match="no trained item has a text"):
        Known.among(texts, vectors, np.array([False, True, False, False]))
