"""Approximate search keeps every rule of the exact one and misses little."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sracl.errors import InputError
from sracl.semantics import codes
from sracl.semantics.approximate import ApproximateSearch
from sracl.semantics.retrieval import Exclusion, nearest
from sracl.semantics.search import recall_of
from support.neighbours import allowed, assert_true_neighbours, cases, clustered

EVERYWHERE = 1e6
"""An effort that looks into all cells and computes all true similarities."""


@settings(max_examples=20, deadline=None)
@given(cases(), st.integers(1, 14), st.sampled_from([1, 5_000, 1 << 28]))
def test_the_rules_hold_whatever_is_found(case, k: int, memory: int) -> None:
    embeddings, exclusion = case
    told: list[int] = []
    found = ApproximateSearch(embeddings, k, exclusion, memory).nearest(on_progress=told.append)
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
        patch.setattr("sracl.semantics.approximate.SLACK", 1e6)
        found = ApproximateSearch(embeddings, k, exclusion).nearest(effort=EVERYWHERE)
    assert_true_neighbours(found, embeddings, k, exclusion)


@pytest.mark.parametrize("integers", [True, False])
def test_recall_is_high_among_clustered_rows_and_no_owner_meets_himself(integers: bool, monkeypatch) -> None:
    monkeypatch.setattr(codes, "integers_are_faster", lambda dimension: integers)
    embeddings, offsets = clustered(20_000)
    exclusion = Exclusion.same_owner(offsets)
    found = ApproximateSearch(embeddings, 10, exclusion).nearest()
    queries = np.arange(0, 20_000, 40)
    truth = nearest(embeddings, 10, exclusion, queries=queries)
    assert recall_of(embeddings, queries, found[queries], truth)[0] > 0.98
    assert (found >= 0).all()
    outside = (found < exclusion.begins[:, None]) | (found >= exclusion.ends[:, None])
    assert outside.all()


def test_integers_and_floats_find_the_same(monkeypatch) -> None:
    embeddings, offsets = clustered(3_000)
    found = []
    for integers in (True, False):
        monkeypatch.setattr(codes, "integers_are_faster", lambda dimension, integers=integers: integers)
        found.append(ApproximateSearch(embeddings, 5, Exclusion.same_owner(offsets)).nearest())
    np.testing.assert_array_equal(*found)


def test_more_effort_finds_more_of_rows_without_clusters() -> None:
    random = np.random.default_rng(0)
    embeddings = random.standard_normal((4_000, 24)).astype(np.float32)
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    queries, exclusion = np.arange(0, 4_000, 10), Exclusion.itself(4_000)
    truth = nearest(embeddings, 10, exclusion, queries=queries)
    search = ApproximateSearch(embeddings, 10, exclusion)
    recalls = [recall_of(embeddings, queries, search.nearest(queries, effort), truth)[0] for effort in (0.5, 2.0, 32.0)]
    assert recalls == sorted(recalls)
    assert recalls[0] < 0.9
    assert recalls[-1] > 0.999


def test_some_queries_find_what_they_find_among_all() -> None:
    embeddings, offsets = clustered(3_000)
    search = ApproximateSearch(embeddings, 5, Exclusion.same_owner(offsets))
    queries = np.random.default_rng(0).permutation(3_000)[:100]
    np.testing.assert_array_equal(search.nearest(queries), search.nearest()[queries])


def test_a_seed_determines_the_result() -> None:
    embeddings, offsets = clustered(3_000)
    exclusion = Exclusion.same_owner(offsets)
    first, second = (ApproximateSearch(embeddings, 5, exclusion, seed=3).nearest() for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_little_memory_changes_next_to_nothing() -> None:
    embeddings, offsets = clustered(2_000)
    exclusion = Exclusion.same_owner(offsets)
    much, little = (ApproximateSearch(embeddings, 5, exclusion, memory).nearest() for memory in (1 << 28, 1 << 19))
    queries = np.arange(len(embeddings))
    assert recall_of(embeddings, queries, much, little)[0] > 0.9999
    assert recall_of(embeddings, queries, little, much)[0] > 0.9999


def test_many_equal_rows_and_an_owner_of_thousands_are_found_within_little_memory() -> None:
    embeddings, _ = clustered(4_000)
    embeddings[1_000:3_000] = embeddings[1_000]
    exclusion = Exclusion.same_owner(np.array([0, 1_500, 2_000, *range(2_001, 4_001)]))
    found = ApproximateSearch(embeddings, 10, exclusion, 1 << 20).nearest()
    queries = np.arange(0, 4_000, 5)
    truth = nearest(embeddings, 10, exclusion, queries=queries)
    assert recall_of(embeddings, queries, found[queries], truth)[0] > 0.97


def test_equal_rows_stand_in_the_order_of_their_numbers_without_the_query() -> None:
    embeddings = np.zeros((60, 4), np.float32)
    embeddings[:, 1] = 1
    found = ApproximateSearch(embeddings, 59, Exclusion.itself(60)).nearest()
    for number, row in enumerate(found):
        assert row.tolist() == [other for other in range(60) if other != number]


def test_values_that_are_no_numbers_are_refused() -> None:
    embeddings = np.eye(3, dtype=np.float32)
    embeddings[1, 2] = np.nan
    with pytest.raises(InputError, match="NaN or infinite"):
        ApproximateSearch(embeddings, 2, Exclusion.itself(3))


def test_only_zeros_have_no_neighbours() -> None:
    assert (ApproximateSearch(np.zeros((7, 3), np.float32), 2, Exclusion.itself(7)).nearest() == -1).all()


def test_nothing_is_searched_among_no_rows() -> None:
    assert ApproximateSearch(np.empty((0, 3), np.float32), 2, Exclusion.itself(0)).nearest().shape == (0, 2)
