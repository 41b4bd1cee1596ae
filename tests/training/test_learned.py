"""Neighbours by a backbone's vectors are those of a plain reading."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from sracl.backbones import SASRec
from sracl.backbones.rows import Rows
from sracl.errors import SraclError
from sracl.semantics.pool import exclusion
from sracl.semantics.retrieval import Exclusion
from sracl.semantics.stages import pool_of
from sracl.training import learned
from sracl.training.learned import learned_index, load_learned, save_learned
from support.neighbours import assert_true_neighbours
from support.small_semantics import small_config
from support.small_training import ITEMS, walks


@pytest.fixture
def backbone() -> SASRec:
    torch.manual_seed(0)
    return SASRec(ITEMS, 8, 4, dropout=0.5)


@pytest.mark.parametrize("protocol", ["strict", "paper"])
def test_prefixes_are_compared_by_their_states_and_items_by_their_vectors(backbone, protocol, monkeypatch) -> None:
    monkeypatch.setattr(learned, "PREFIXES_A_BLOCK", 7)
    config = small_config(protocol=protocol)
    pool = pool_of(walks(20), config)
    found = learned_index(backbone, pool, config)
    backbone.eval()
    with torch.no_grad():
        one_by_one = [
            backbone.last_states(Rows(torch.tensor(items), torch.tensor([len(items)])))[0]
            for items in (pool.items(np.array([number])).values.tolist() for number in range(len(pool)))
        ]
    states = functional.normalize(torch.stack(one_by_one), dim=1).numpy()
    np.testing.assert_allclose(found.prefix_embeddings, states, atol=1e-5)
    assert_true_neighbours(found.prefix_neighbors, states, 3, exclusion(pool, protocol))
    items = functional.normalize(backbone.item_table.detach(), dim=1).numpy()
    assert_true_neighbours(found.item_neighbors, items, 3, Exclusion.itself(ITEMS))


def test_what_is_saved_is_opened_and_checked_against_the_data(backbone, tmp_path) -> None:
    config = small_config()
    pool = pool_of(walks(20), config)
    found = learned_index(backbone, pool, config)
    save_learned(found, tmp_path)
    opened = load_learned(tmp_path, pool, ITEMS)
    np.testing.assert_array_equal(opened.prefix_neighbors, found.prefix_neighbors)
    np.testing.assert_array_equal(opened.item_neighbors, found.item_neighbors)
    np.testing.assert_array_equal(opened.prefix_embeddings, found.prefix_embeddings)
    with pytest.raises(SraclError, match="rows are needed"):
        load_learned(tmp_path, pool, ITEMS + 1)
