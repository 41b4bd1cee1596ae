"""Vectors survive on disk by encoder and text, and only what is missing is encoded."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sracl.errors import SraclError
from sracl.semantics.embeddings import embed_texts
from sracl.semantics.vectors import VectorStore


class Recording:
    """The real encoder, with a list of what it was asked; it dies after so many texts."""

    batch_size = 2

    def __init__(self, encoder, name: str = "recording", dies_after: int = 10**9) -> None:
        self.encoder, self.name, self.left = encoder, name, dies_after
        self.asked: list[str] = []

    def encode(self, texts, on_progress=lambda texts: None):
        self.left -= len(texts)
        if self.left < 0:
            raise KeyboardInterrupt
        self.asked += texts
        return self.encoder.encode(texts, on_progress)


@given(texts=st.lists(st.text(max_size=20), max_size=8, unique=True))
@settings(max_examples=20, deadline=None)
def test_what_is_put_comes_back_to_the_bit_and_nothing_else(tmp_path_factory, texts: list[str]) -> None:
    vectors = {text: np.random.default_rng(0).normal(size=6).astype(np.float32) for text in texts}
    path = tmp_path_factory.mktemp("vectors") / "vectors.sqlite"
    with VectorStore(path, "one") as store:
        store.put(vectors)
    with VectorStore(path, "one") as store:
        found = store.get([*texts, "no text of this length was drawn"])
        assert store.known([*texts, "no text of this length was drawn"]) == set(texts)
    with VectorStore(path, "other") as store:
        assert store.get(texts) == {}
    assert found.keys() == vectors.keys()
    assert all((found[text] == vectors[text]).all() for text in texts)


def test_a_changed_text_re_embeds_only_itself(tmp_path, minilm) -> None:
    first, second = Recording(minilm), Recording(minilm)
    with VectorStore(tmp_path / "v.sqlite", "m") as store:
        embed_texts(pl.Series(["a razor", "a comb", "a comb"]), first, store=store)
        told: list[int] = []
        again = embed_texts(pl.Series(["a razor", "a brush", None, "a comb"]), second, told.append, store)
    assert sorted(first.asked) == ["a comb", "a razor"]
    assert second.asked == ["a brush"]
    assert sum(told) == 3
    plain = embed_texts(pl.Series(["a razor", "a brush", None, "a comb"]), minilm)
    np.testing.assert_allclose(again, plain, atol=1e-6)


def test_an_interrupted_embedding_loses_the_batch_under_way_and_no_more(tmp_path, minilm) -> None:
    texts = pl.Series([f"item number {number}" for number in range(7)])
    with VectorStore(tmp_path / "v.sqlite", "m") as store, pytest.raises(KeyboardInterrupt):
        embed_texts(texts, Recording(minilm, dies_after=5), store=store)
    rest = Recording(minilm)
    with VectorStore(tmp_path / "v.sqlite", "m") as store:
        embed_texts(texts, rest, store=store)
    assert len(rest.asked) == 3


def test_an_encoder_that_changed_its_width_is_told(tmp_path, minilm) -> None:
    with VectorStore(tmp_path / "v.sqlite", "m") as store:
        store.put({"a comb": np.ones(5, np.float32)})
        with pytest.raises(SraclError, match="it has changed; delete"):
            embed_texts(pl.Series(["a comb", "a razor"]), minilm, store=store)


def test_a_file_that_is_no_store_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "v.sqlite").write_bytes(b"certainly no database" * 100)
    with pytest.raises(SraclError, match="delete it, and texts are embedded anew"):
        VectorStore(tmp_path / "v.sqlite", "m")
