"""Texts become unit vectors joined by text; prefixes the mean of their most recent items."""

from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sracl.datasets.prefixes import PrefixPool
from sracl.errors import SraclError
from sracl.semantics import embeddings
from sracl.semantics.embeddings import embed_prefixes, embed_profiles, embed_texts
from sracl.semantics.vectors import VectorStore
from support.batches import histories_of, unit_vectors


class Broken:
    """An encoder that answers with what it was given, to try the checks."""

    name, batch_size = "broken", 8

    def __init__(self, answer: np.ndarray) -> None:
        self.answer = answer

    def encode(self, texts: Sequence[str], on_progress=lambda texts: None) -> np.ndarray:
        return self.answer


def test_vectors_are_of_unit_length_by_text_and_null_gives_zeros(minilm) -> None:
    texts = pl.Series(["a red lipstick", None, "a wet razor", "a red lipstick", "razors and blades"])
    told: list[int] = []
    vectors = embed_texts(texts, minilm, told.append)
    assert vectors.shape == (5, 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors[[0, 2, 3, 4]], axis=1), 1, rtol=1e-5)
    assert not vectors[1].any()
    np.testing.assert_array_equal(vectors[0], vectors[3])
    assert vectors[2] @ vectors[4] > vectors[2] @ vectors[0]
    assert sum(told) == 3, "equal texts are encoded once"


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (np.ones((1, 4), np.float32), r"\(1, 4\) for 2 texts"),
        (np.ones(2, np.float32), r"\(2,\) for 2 texts"),
        (np.array([[1, 2], [np.nan, 1]], np.float32), "NaN or nothing for the text 'other'"),
        (np.array([[1, 2], [np.inf, 1]], np.float32), "NaN or nothing for the text 'other'"),
        (np.array([[0, 0], [1, 1]], np.float32), "NaN or nothing for the text 'first'"),
    ],
)
def test_an_encoder_that_answers_wrongly_is_refused(answer: np.ndarray, told: str) -> None:
    with pytest.raises(SraclError, match=told):
        embed_texts(pl.Series(["first", "other"]), Broken(answer))


def test_no_text_at_all_is_an_error(minilm) -> None:
    with pytest.raises(SraclError, match="no item has a text"):
        embed_texts(pl.Series([None, None], dtype=pl.String), minilm)


def plain_means(pool: PrefixPool, items: np.ndarray) -> np.ndarray:
    rows = []
    for user in range(len(pool.sequences)):
        history = pool.sequences[user]
        for end in range(1, len(history) + 1):
            mean = items[history[max(0, end - pool.max_length) : end]].astype(np.float64).mean(axis=0)
            norm = np.linalg.norm(mean)
            rows.append(mean / norm if norm > 1e-9 else np.zeros_like(mean))
    return np.array(rows)


@settings(max_examples=30)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=6), st.integers(2, 9), st.integers(1, 40))
def test_a_prefix_is_the_normalised_mean_of_its_most_recent_items(
    lengths: list[int], max_length: int, block: int
) -> None:
    items = unit_vectors(12, 7)
    items[3] = 0
    pool = PrefixPool(histories_of([*lengths, 1], 12), max_length)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(embeddings, "PREFIXES_A_BLOCK", block)
        found = embed_prefixes(pool, items)
    np.testing.assert_allclose(found, plain_means(pool, items), atol=1e-6)
    assert found.dtype == np.float32


def test_a_prefix_whose_items_have_no_text_is_zeros() -> None:
    pool = PrefixPool(histories_of([3], 5), 4)
    assert not embed_prefixes(pool, np.zeros((5, 7), np.float32)).any()


def test_prefixes_can_be_written_into_a_given_array() -> None:
    pool = PrefixPool(histories_of([3, 2], 5), 4)
    result = np.full((5, 7), 9, np.float32)
    assert embed_prefixes(pool, unit_vectors(5, 7), result) is result
    np.testing.assert_allclose(np.linalg.norm(result, axis=1), 1, rtol=1e-5)


def test_profiles_replace_means_alike_with_a_store_and_without_in_blocks(tmp_path, minilm, monkeypatch) -> None:
    texts = ["likes razors", None, "likes combs", "likes razors", None, "likes soap"]
    profiles = pl.DataFrame({"text": texts})
    means = unit_vectors(6, 384)
    plain, blockwise = means.copy(), means.copy()
    embed_profiles(profiles, plain, minilm)
    monkeypatch.setattr(embeddings, "PREFIXES_A_BLOCK", 2)
    told: list[int] = []
    with VectorStore(tmp_path / "v.sqlite", minilm.name) as store:
        embed_profiles(profiles, blockwise, minilm, told.append, store)
    np.testing.assert_allclose(blockwise, plain, atol=1e-5)
    np.testing.assert_array_equal(blockwise[[1, 4]], means[[1, 4]])
    assert (plain[0] == plain[3]).all()
    assert sum(told) == 3
