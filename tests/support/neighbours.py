"""Embeddings to search among, and a plain reading of what a neighbour is."""

import numpy as np
from hypothesis import strategies as st

from sracl.semantics.retrieval import Exclusion


@st.composite
def cases(draw) -> tuple[np.ndarray, Exclusion]:
    """1 to 300 rows with rows of zeros and equal rows among them, and an exclusion of either kind."""
    count, dimension = draw(st.integers(1, 300)), draw(st.integers(2, 12))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kinds = random.standard_normal((max(1, count // draw(st.integers(1, 6))), dimension))
    embeddings = kinds[random.integers(0, len(kinds), count)].astype(np.float32)
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    embeddings[random.random(count) < draw(st.sampled_from([0.0, 0.2, 1.0]))] = 0
    if draw(st.booleans()):
        return embeddings, Exclusion.itself(count)
    cuts = np.unique(random.integers(0, count + 1, draw(st.integers(0, count))))
    return embeddings, Exclusion.same_owner(np.unique(np.concatenate([[0], cuts, [count]])).astype(np.int64))


def allowed(embeddings: np.ndarray, exclusion: Exclusion) -> np.ndarray:
    """Whether a column may be a row's neighbour, bool `[P, P]`."""
    numbers = np.arange(len(embeddings))
    excluded = (numbers >= exclusion.begins[:, None]) & (numbers < exclusion.ends[:, None])
    filled = embeddings.any(axis=1)
    return ~excluded & filled & filled[:, None]


def assert_true_neighbours(found: np.ndarray, embeddings: np.ndarray, k: int, exclusion: Exclusion) -> None:
    """Every row of `found` names distinct allowed rows, as similar as the k best are, best first, then -1."""
    assert found.shape == (len(embeddings), k)
    may = allowed(embeddings, exclusion)
    similarities = np.where(may, embeddings.astype(np.float64) @ embeddings.T, -np.inf)
    for query, row in enumerate(found):
        best = np.sort(similarities[query][may[query]])[::-1][:k]
        some = row[: len(best)]
        assert (row[len(best) :] == -1).all()
        assert (some >= 0).all()
        assert len(set(some.tolist())) == len(some)
        np.testing.assert_allclose(similarities[query, some], best, atol=1e-5)


def clustered(count: int, dimension: int = 32, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Unit rows float32 `[count, dimension]` around 200 centres, and offsets of owners of 1 to 15 rows."""
    random = np.random.default_rng(seed)
    centres = random.standard_normal((200, dimension))
    rows = centres[random.integers(0, 200, count)] + 0.7 * random.standard_normal((count, dimension))
    ends = np.cumsum(random.integers(1, 16, count))
    offsets = np.concatenate([[0], ends[ends < count], [count]]).astype(np.int64)
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32), offsets
