"""Approximate search keeps every rule of the exact one and misses little."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sracl.errors import InputError
from sracl.semantics.approximate import nearest_approximate, sketches
from sracl.semantics.retrieval import Exclusion, finite_table, nearest
from sracl.semantics.search import recall_of
from support.neighbours import allowed, assert_true_neighbours, cases, clustered


@settings(max_examples=40, deadline=None)
@given(cases(), st.integers(1, 14), st.sampled_from([1, 5_000, 1 << 28]))
def test_the_rules_hold_whatever_is_found(case, k: int, memory: int) -> None:
    embeddings, exclusion = case
    told: list[int] = []
    found = nearest_approximate(embeddings, k, exclusion, memory, told.append)
    assert found.shape == (len(embeddings), k)
    assert found.dtype == np.int32
    assert sum(told) == len(embeddings)
    may = allowed(embeddings, exclusion)
    for query, row in enumerate(found):
        some = row[row >= 0]
        assert (row[len(some) :] == -1).all(), "what is missing is at the end"
        assert may[query, some].all()
        assert len(set(some.tolist())) == len(some)
        similar = embeddings[some] @ embeddings[query]
        assert (np.diff(similar) <= 1e-6).all(), "best first"


@settings(max_examples=40, deadline=None)
@given(cases(), st.integers(1, 14))
def test_looking_everywhere_finds_what_the_exact_search_finds(case, k: int) -> None:
    embeddings, exclusion = case
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sracl.semantics.approximate.AGREEMENT", 1.0)
        found = nearest_approximate(embeddings, k, exclusion, width=1e9)
    assert_true_neighbours(found, embeddings, k, exclusion)


def test_recall_is_high_among_clustered_rows_and_no_owner_meets_himself() -> None:
    embeddings, offsets = clustered(20_000)
    exclusion = Exclusion.same_owner(offsets)
    found = nearest_approximate(embeddings, 10, exclusion)
    queries = np.arange(0, 20_000, 40)
    assert recall_of(embeddings, queries, found[queries], nearest(embeddings, 10, exclusion, queries=queries)) > 0.98
    assert (found >= 0).all()
    outside = (found < exclusion.begins[:, None]) | (found >= exclusion.ends[:, None])
    assert outside.all()


def test_a_seed_determines_the_result() -> None:
    embeddings, offsets = clustered(3_000)
    first, second = (nearest_approximate(embeddings, 5, Exclusion.same_owner(offsets), seed=3) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_little_memory_changes_nothing() -> None:
    embeddings, offsets = clustered(2_000)
    exclusion = Exclusion.same_owner(offsets)
    much, little = (nearest_approximate(embeddings, 5, exclusion, memory) for memory in (1 << 28, 1 << 17))
    queries = np.arange(len(embeddings))
    assert recall_of(embeddings, queries, much, little) > 0.9999
    assert recall_of(embeddings, queries, little, much) > 0.9999


def test_equal_rows_stand_in_the_order_of_their_numbers_without_the_query() -> None:
    embeddings = np.zeros((60, 4), np.float32)
    embeddings[:, 1] = 1
    found = nearest_approximate(embeddings, 59, Exclusion.itself(60))
    for number, row in enumerate(found):
        assert row.tolist() == [other for other in range(60) if other != number]


@settings(max_examples=30, deadline=None)
@given(cases())
def test_the_product_of_two_sketches_with_full_agreement_is_never_below_the_similarity(case) -> None:
    embeddings, _ = case
    table = finite_table(embeddings, len(embeddings))
    if not embeddings.any():
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sracl.semantics.approximate.AGREEMENT", 1.0)
        short = sketches(table).numpy()
    assert (short @ short.T >= embeddings @ embeddings.T - 1e-4).all()


def test_values_that_are_no_numbers_are_refused() -> None:
    embeddings = np.eye(3, dtype=np.float32)
    embeddings[1, 2] = np.nan
    with pytest.raises(InputError, match="NaN or infinite"):
        nearest_approximate(embeddings, 2, Exclusion.itself(3))


def test_only_zeros_have_no_neighbours() -> None:
    assert (nearest_approximate(np.zeros((7, 3), np.float32), 2, Exclusion.itself(7)) == -1).all()
