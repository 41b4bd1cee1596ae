"""The search is exact while that is cheap, else approximate with a recall that is measured and made good."""

import numpy as np
import pytest

from sracl.errors import InputError
from sracl.semantics import search
from sracl.semantics.retrieval import Exclusion, nearest
from sracl.semantics.search import neighbours, recall_of
from support.batches import unit_vectors
from support.neighbours import assert_true_neighbours, clustered


def test_a_small_search_is_exact_by_itself() -> None:
    embeddings, exclusion = unit_vectors(200, 8), Exclusion.itself(200)
    found = neighbours(embeddings, 5, exclusion)
    assert (found.method, found.recall) == ("exact", None)
    assert_true_neighbours(found.neighbours, embeddings, 5, exclusion)


def test_a_search_above_the_bound_is_approximate_with_its_recall(monkeypatch) -> None:
    embeddings, offsets = clustered(4_000)
    exclusion = Exclusion.same_owner(offsets)
    monkeypatch.setattr(search, "EXACT_FLOP", 2.0 * 3_999**2 * embeddings.shape[1])
    found = neighbours(embeddings, 5, exclusion)
    queries = np.arange(len(embeddings))
    true = recall_of(embeddings, queries, found.neighbours, nearest(embeddings, 5, exclusion))
    assert found.method == "approximate"
    assert found.recall == pytest.approx(true, abs=0.02)


def test_where_too_much_is_missed_it_looks_wider_and_tells_of_the_first_time_only(monkeypatch) -> None:
    embeddings = unit_vectors(3_000, 24)
    exclusion = Exclusion.itself(3_000)
    told: list[int] = []
    monkeypatch.setattr(search, "WIDTHS", (1e-6,))
    poor = neighbours(embeddings, 10, exclusion, method="approximate")
    monkeypatch.setattr(search, "WIDTHS", (1e-6, 1e6))
    good = neighbours(embeddings, 10, exclusion, on_progress=told.append, method="approximate")
    assert poor.recall is not None
    assert poor.recall < search.GOOD_RECALL < good.recall
    assert sum(told) == 3_000


@pytest.mark.parametrize("method", ["exact", "approximate"])
def test_values_that_are_no_numbers_are_refused_by_both(method) -> None:
    embeddings = np.eye(4, dtype=np.float32)
    embeddings[3, 0] = np.inf
    with pytest.raises(InputError, match="NaN or infinite"):
        neighbours(embeddings, 2, Exclusion.itself(4), method=method)


def test_recall_counts_equally_similar_rows_as_found_and_missing_ones_as_missed() -> None:
    embeddings = np.array([[1, 0], [1, 0], [1, 0], [0, 1]], np.float32)
    queries = np.array([0])
    assert recall_of(embeddings, queries, np.array([[2]], np.int32), np.array([[1]], np.int32)) == 1
    assert recall_of(embeddings, queries, np.array([[3]], np.int32), np.array([[1]], np.int32)) == 0
    assert recall_of(embeddings, queries, np.array([[2, -1]], np.int32), np.array([[1, 2]], np.int32)) == 0.5
    assert recall_of(embeddings, queries, np.array([[-1]], np.int32), np.array([[-1]], np.int32)) == 1
