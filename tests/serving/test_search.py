"""Words in titles come first, then words in other texts, then meaning."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sracl.datasets.dataset import Dataset
from sracl.datasets.sequences import Sequences
from sracl.semantics.encoders import minilm_encoder
from sracl.serving.search import ItemSearch

TITLES = ["Gentle shampoo", "Wooden comb", None, "Hair wash for babies", "Car polish"]
BRANDS = ["Acme", "Shampoo & Co", "Acme", "Soft", "Acme"]


def dataset() -> Dataset:
    catalogue = pl.DataFrame({"item_id": [1, 2, 3, 4, 5], "title": TITLES, "brand": BRANDS})
    users = pl.DataFrame({"user_id": ["u"]})
    return Dataset(users, catalogue, Sequences.from_lengths(np.array([0, 1]), np.array([2])), ("title", "brand"))


@pytest.fixture(scope="module")
def search() -> ItemSearch:
    encoder = minilm_encoder(8)
    vectors = encoder.encode([title or "nothing" for title in TITLES])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return ItemSearch(dataset(), vectors, encoder)


def test_titles_then_texts_then_meaning(search) -> None:
    assert search.find("SHAMPOO", 3) == [0, 1, 3]
    assert search.find("shampoo acme", 1) == [0], "words may stand in several texts"
    assert search.find("hair wash", 1) == [3]


def test_words_alone_where_there_is_no_encoder() -> None:
    bare = ItemSearch(dataset())
    assert not bare.by_meaning
    assert bare.find("shampoo", 5) == [0, 1]
    assert bare.find("3", 5) == [2], "an item without a title is found by its id"


@given(st.text(max_size=40), st.integers(1, 7))
def test_any_query_gives_distinct_known_items(query: str, k: int) -> None:
    found = ItemSearch(dataset()).find(query, k)
    assert len(found) <= k
    assert len(set(found)) == len(found)
    assert set(found) <= set(range(5))
