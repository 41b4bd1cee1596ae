"""Whose neighbours are looked for, and who borrows them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sracl.config import RunConfig, changed
from sracl.datasets.prefixes import PrefixPool
from sracl.datasets.sequences import Sequences
from sracl.semantics.pool import exclusion
from sracl.semantics.prefix_neighbors import prefix_neighbors
from sracl.semantics.retrieval import nearest
from support.batches import unit_vectors

K = 3


def config_of(neighbors_of: str, protocol: str = "strict") -> RunConfig:
    config = RunConfig.model_validate({"dataset": {"name": "any"}, "protocol": protocol})
    return changed(config, {"semantics.neighbors": K, "semantics.neighbors_of": neighbors_of})


@st.composite
def pools(draw) -> PrefixPool:
    """Pools of users of whom some have nothing, and of whom the last prefix may be validation's."""
    lengths = np.array(draw(st.lists(st.integers(0, 5), min_size=1, max_size=12)), dtype=np.int64)
    sequences = Sequences.from_lengths(np.zeros(lengths.sum(), dtype=np.int32), lengths)
    return PrefixPool(sequences, 4, np.maximum(lengths - 1, 0) if draw(st.booleans()) else None)


@settings(max_examples=40, deadline=None)
@given(pools())
def test_of_every_prefix_they_are_those_of_the_search(pool: PrefixPool) -> None:
    embeddings = unit_vectors(len(pool), 6)
    found = prefix_neighbors(embeddings, pool, config_of("every-prefix")).neighbours
    np.testing.assert_array_equal(found, nearest(embeddings, K, exclusion(pool, "strict")))


@settings(max_examples=80, deadline=None)
@given(pools(), st.sampled_from(["strict", "paper"]), st.integers(0, 2**16))
def test_of_the_last_they_are_other_users_last_and_all_of_a_users_prefixes_share_them(
    pool: PrefixPool, protocol: str, seed: int
) -> None:
    embeddings = unit_vectors(len(pool), 6)
    empty = np.random.default_rng(seed).random(len(pool)) < 0.2
    embeddings[empty] = 0
    told: list[int] = []
    found = prefix_neighbors(embeddings, pool, config_of("last", protocol), told.append).neighbours
    assert found.shape == (len(pool), K)
    assert sum(told) == len(pool)
    last = {user: pool.number(user, pool.last_trained[user]) for user in np.flatnonzero(pool.sequences.lengths)}
    for number, (user, row) in enumerate(zip(pool.users, found, strict=True)):
        others = [last[other] for other in last if other != user and not empty[last[other]]]
        nearness = {other: float(embeddings[other] @ embeddings[last[user]]) for other in others}
        best = sorted(nearness, key=nearness.get, reverse=True)[:K] if not (empty[number] or empty[last[user]]) else []
        assert row.tolist() == best + [-1] * (K - len(best))


@pytest.mark.parametrize("neighbors_of", ["every-prefix", "last"])
def test_nobody_has_no_neighbours(neighbors_of: str) -> None:
    pool = PrefixPool(Sequences.from_lengths(np.empty(0, np.int32), np.zeros(2, np.int64)), 4)
    assert prefix_neighbors(np.empty((0, 6), np.float32), pool, config_of(neighbors_of)).neighbours.shape == (0, K)
