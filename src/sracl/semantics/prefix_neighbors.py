"""Neighbours of a pool's prefixes: each looked for among all, or borrowed from those of each user's last."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sracl.config import RunConfig
from sracl.datasets.prefixes import PrefixPool
from sracl.engines import LOCAL, Engine
from sracl.mapped import let_go
from sracl.semantics.cells import BLOCK, filled_rows
from sracl.semantics.pool import exclusion
from sracl.semantics.retrieval import Exclusion
from sracl.semantics.search import Found, configured_search


def prefix_neighbors(
    embeddings: NDArray[np.float32],
    pool: PrefixPool,
    config: RunConfig,
    on_progress: Callable[[int], None] = lambda prefixes: None,
    engine: Engine = LOCAL,
) -> Found:
    """Neighbours of every prefix, int32 `[P, k]`, by the configured search; embeddings: float32 `[P, D]`.

    `semantics.neighbors_of`: `every-prefix` looks for those of each prefix among all that the protocol admits. `last`
    looks for those of each user's last training prefix among the others' last ones, and the user's other prefixes take
    the same: a search of as many rows as there are users, and k different users for each. A prefix of zeros has none
    either way. Raises InputError for NaN or infinite embeddings.
    """
    search = configured_search(config.semantics, engine)
    if config.semantics.neighbors_of == "every-prefix":
        return search(embeddings, exclusion=exclusion(pool, config.protocol), on_progress=on_progress)
    users = np.flatnonzero(pool.sequences.lengths)
    last = pool.number(users, pool.last_trained[users])
    found = search(_copied(embeddings, last), exclusion=Exclusion.itself(len(last)), on_progress=on_progress)
    of_users = np.where(found.neighbours >= 0, last[found.neighbours], -1).astype(np.int32)
    of_prefixes = np.repeat(of_users, pool.sequences.lengths[users], axis=0)
    empty = np.ones(len(pool), dtype=bool)
    empty[filled_rows(embeddings).numpy()] = False
    of_prefixes[empty] = -1
    on_progress(len(pool) - len(last))
    return replace(found, neighbours=of_prefixes)


def _copied(embeddings: NDArray[np.float32], numbers: NDArray[np.int64]) -> NDArray[np.float32]:
    """Some rows, read so that no more than a block of a mapped file is in memory."""
    rows = np.empty((len(numbers), embeddings.shape[1]), dtype=np.float32)
    for begin in range(0, len(numbers), BLOCK):
        rows[begin : begin + BLOCK] = embeddings[numbers[begin : begin + BLOCK]]
        let_go(embeddings)
    return rows
