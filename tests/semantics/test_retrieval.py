"""Exact search agrees with a plain reading, whatever the sizes, rows of zeros, equal rows and exclusions."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sracl.errors import InputError
from sracl.semantics.retrieval import Exclusion, nearest
from support.batches import unit_vectors
from support.gpu import needs_gpu
from support.neighbours import assert_true_neighbours, cases


@settings(max_examples=60, deadline=None)
@given(cases(), st.integers(1, 14), st.sampled_from([1, 5_000, 1 << 28]))
def test_every_row_has_the_k_best_that_are_allowed(case, k: int, memory: int) -> None:
    embeddings, exclusion = case
    told: list[int] = []
    assert_true_neighbours(nearest(embeddings, k, exclusion, memory, told.append), embeddings, k, exclusion)
    assert sum(told) == len(embeddings)


@settings(max_examples=20, deadline=None)
@given(cases(), st.integers(0, 2**32 - 1))
def test_some_queries_have_the_rows_that_all_queries_have(case, seed: int) -> None:
    embeddings, exclusion = case
    queries = np.random.default_rng(seed).integers(0, len(embeddings), 7)
    some = nearest(embeddings, 3, exclusion, 1 << 28, queries=queries)
    everything = nearest(embeddings, 3, exclusion, 1 << 28)
    np.testing.assert_array_equal(some >= 0, everything[queries] >= 0)
    own = embeddings[queries]
    got = np.einsum("qkd,qd->qk", embeddings[some], own) * (some >= 0)
    np.testing.assert_allclose(
        got, np.einsum("qkd,qd->qk", embeddings[everything[queries]], own) * (everything[queries] >= 0), atol=1e-5
    )


def test_a_row_is_left_out_by_its_number_where_others_are_equal_to_it() -> None:
    embeddings = np.zeros((40, 4), np.float32)
    embeddings[:, 1] = 1
    found = nearest(embeddings, 39, Exclusion.itself(40))
    for number, row in enumerate(found):
        assert sorted(row) == [other for other in range(40) if other != number]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_no_numbers_are_refused(bad: float) -> None:
    embeddings = np.eye(3, dtype=np.float32)
    embeddings[1, 2] = bad
    with pytest.raises(InputError, match="NaN or infinite"):
        nearest(embeddings, 2, Exclusion.itself(3))


@needs_gpu
def test_a_gpu_finds_what_the_processor_finds(monkeypatch) -> None:
    embeddings = unit_vectors(700, 24)
    embeddings[[5, 600]] = 0
    exclusion = Exclusion.same_owner(np.arange(0, 701, 7))
    found = nearest(embeddings, 9, exclusion, memory=200_000)
    assert_true_neighbours(found, embeddings, 9, exclusion)
    monkeypatch.setattr("sracl.semantics.retrieval.gpu_or_processor", lambda memory: torch.device("cpu"))
    np.testing.assert_array_equal(found >= 0, nearest(embeddings, 9, exclusion) >= 0)


def test_nothing_gives_nothing() -> None:
    assert nearest(np.empty((0, 3), np.float32), 2, Exclusion.itself(0)).shape == (0, 2)
