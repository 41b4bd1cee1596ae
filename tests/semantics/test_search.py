"""The search is exact while that is cheap, else approximate with a recall that is measured and made good."""

import numpy as np
import pytest

from sracl.config import SemanticsConfig
from sracl.errors import InputError
from sracl.semantics import search
from sracl.semantics.retrieval import Exclusion, nearest
from sracl.semantics.search import configured_search, neighbours, recall_of
from support.batches import unit_vectors
from support.neighbours import assert_true_neighbours, clustered


@pytest.fixture
def no_search_is_small(monkeypatch) -> None:
    monkeypatch.setattr(search, "LEAST_FLOP", 0)


@pytest.mark.parametrize("method", ["auto", "approximate", "exact"])
def test_a_small_search_is_exact_by_itself(method) -> None:
    embeddings, exclusion = unit_vectors(200, 8), Exclusion.itself(200)
    found = neighbours(embeddings, 5, exclusion, method=method)
    assert (found.method, found.recall, found.tried) == ("exact", None, {})
    assert_true_neighbours(found.neighbours, embeddings, 5, exclusion)


def test_a_search_above_the_bound_is_approximate_with_its_recall(monkeypatch) -> None:
    embeddings, offsets = clustered(4_000)
    exclusion = Exclusion.same_owner(offsets)
    monkeypatch.setattr(search, "EXACT_FLOP", 2.0 * 3_999**2 * embeddings.shape[1])
    found = neighbours(embeddings, 5, exclusion)
    queries = np.arange(len(embeddings))
    true, _ = recall_of(embeddings, queries, found.neighbours, nearest(embeddings, 5, exclusion))
    assert found.method == "approximate"
    assert found.recall == pytest.approx(true, abs=0.01)
    assert true > search.WANTED_RECALL


@pytest.mark.usefixtures("no_search_is_small")
def test_where_too_much_is_missed_it_tries_harder_and_tells_of_each_query_once(monkeypatch) -> None:
    embeddings, exclusion = unit_vectors(3_000, 24), Exclusion.itself(3_000)
    told: list[int] = []
    monkeypatch.setattr(search, "EFFORTS", (1e-6, 1.0, 1e6))
    found = neighbours(embeddings, 10, exclusion, on_progress=told.append, method="approximate", wanted=0.995)
    assert found.method == "approximate"
    assert list(found.tried) == [1e-6, 1.0, 1e6]
    assert list(found.tried.values()) == sorted(found.tried.values())
    assert found.tried[1.0] < 0.995 < found.tried[1e6] == found.recall
    assert sum(told) == 3_000


@pytest.mark.usefixtures("no_search_is_small")
def test_where_no_effort_is_enough_the_search_is_exact_and_what_was_tried_is_told(monkeypatch) -> None:
    embeddings, exclusion = unit_vectors(2_000, 24), Exclusion.itself(2_000)
    told: list[int] = []
    monkeypatch.setattr(search, "EFFORTS", (1e-6,))
    found = neighbours(embeddings, 10, exclusion, on_progress=told.append, method="approximate")
    assert (found.method, found.recall, list(found.tried)) == ("exact", None, [1e-6])
    assert_true_neighbours(found.neighbours, embeddings, 10, exclusion)
    assert sum(told) == 2_000


@pytest.mark.usefixtures("no_search_is_small")
def test_the_configuration_says_how_to_search(monkeypatch) -> None:
    embeddings, offsets = clustered(2_000)
    exclusion = Exclusion.same_owner(offsets)
    monkeypatch.setattr(search, "EFFORTS", (1.0,))
    modest = configured_search(SemanticsConfig(neighbors=3, search="approximate", recall=0.95))
    strict = configured_search(SemanticsConfig(neighbors=3, search="approximate", recall=1))
    assert modest(embeddings, exclusion=exclusion).method == "approximate"
    assert modest(embeddings, exclusion=exclusion).neighbours.shape == (2_000, 3)
    assert strict(embeddings, exclusion=exclusion).method == "exact", "no sample shows a recall of 1 here"


@pytest.mark.usefixtures("no_search_is_small")
@pytest.mark.parametrize("method", ["exact", "approximate"])
def test_values_that_are_no_numbers_are_refused_by_both(method) -> None:
    embeddings = np.eye(4, dtype=np.float32)
    embeddings[3, 0] = np.inf
    with pytest.raises(InputError, match="NaN or infinite"):
        neighbours(embeddings, 2, Exclusion.itself(4), method=method)


def test_recall_counts_equally_similar_rows_as_found_and_missing_ones_as_missed() -> None:
    embeddings = np.array([[1, 0], [1, 0], [1, 0], [0, 1]], np.float32)
    queries = np.array([0])
    assert recall_of(embeddings, queries, np.array([[2]], np.int32), np.array([[1]], np.int32))[0] == 1
    assert recall_of(embeddings, queries, np.array([[3]], np.int32), np.array([[1]], np.int32))[0] == 0
    assert recall_of(embeddings, queries, np.array([[2, -1]], np.int32), np.array([[1, 2]], np.int32))[0] == 0.5
    assert recall_of(embeddings, queries, np.array([[-1]], np.int32), np.array([[-1]], np.int32)) == (1, 0)


def test_the_recall_of_samples_scatters_by_its_standard_error() -> None:
    embeddings, offsets = clustered(4_000)
    exclusion, random = Exclusion.same_owner(offsets), np.random.default_rng(0)
    truth = nearest(embeddings, 5, exclusion)
    found = np.where(random.random(truth.shape) < random.uniform(0, 0.4, (len(truth), 1)), -1, truth)
    samples = [random.permutation(4_000)[:200] for _ in range(300)]
    measured = [recall_of(embeddings, sample, found[sample], truth[sample]) for sample in samples]
    recalls, errors = np.array(measured).T
    assert np.std(recalls) == pytest.approx(errors.mean(), rel=0.15)
