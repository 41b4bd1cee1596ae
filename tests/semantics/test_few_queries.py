"""The neighbours of a few rows are those that the exact search of all rows finds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sracl.errors import InputError
from sracl.semantics.few_queries import nearest_of_few
from sracl.semantics.retrieval import Exclusion, nearest
from support.batches import unit_vectors
from support.neighbours import assert_true_neighbours, cases


@settings(max_examples=60, deadline=None)
@given(cases(), st.integers(1, 14), st.sampled_from([1, 5_000, 1 << 28]))
def test_every_query_has_the_k_best_that_are_allowed(case, k: int, memory: int) -> None:
    embeddings, exclusion = case
    found = nearest_of_few(embeddings, k, exclusion, np.arange(len(embeddings)), memory)
    assert found.dtype == np.int32
    assert_true_neighbours(found, embeddings, k, exclusion)


def test_queries_keep_their_order_and_a_mapped_file_will_do(tmp_path) -> None:
    embeddings = unit_vectors(700, 24)
    np.save(tmp_path / "rows.npy", embeddings)
    mapped = np.load(tmp_path / "rows.npy", mmap_mode="r")
    exclusion, queries = Exclusion.same_owner(np.arange(0, 701, 7)), np.array([650, 3, 3, 128])
    found = nearest_of_few(mapped, 9, exclusion, queries, memory=100_000)
    np.testing.assert_array_equal(found, nearest(embeddings, 9, exclusion, queries=queries))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_no_numbers_are_refused(bad: float) -> None:
    embeddings = np.eye(3, dtype=np.float32)
    embeddings[1, 2] = bad
    with pytest.raises(InputError, match="NaN or infinite"):
        nearest_of_few(embeddings, 2, Exclusion.itself(3), np.array([0]))
