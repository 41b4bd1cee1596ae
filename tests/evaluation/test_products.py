"""Ranks counted part by part equal those of the whole matrix of scores, ties and seen items included."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sracl.errors import SraclError
from sracl.evaluation import products
from sracl.evaluation.products import ranks_of_products
from sracl.evaluation.ranking import ranks_of_targets


def drawn(users: int, items: int, levels: int, seed: int):
    """Vectors of small whole numbers, so that many products tie and all are exact; targets; seen cells."""
    random = np.random.default_rng(seed)
    states = torch.from_numpy(random.integers(-levels, levels + 1, (users, 3)).astype(np.float32))
    table = torch.from_numpy(random.integers(-levels, levels + 1, (items, 3)).astype(np.float32))
    cells = random.integers(0, [[users], [items]], (2, random.integers(0, 3 * items)))
    return states, table, torch.from_numpy(random.integers(0, items, users)), tuple(torch.from_numpy(cells))


@settings(max_examples=300, deadline=None)
@given(st.integers(1, 6), st.integers(1, 40), st.integers(0, 4), st.integers(1, 45), st.integers(0, 100_000))
def test_ranks_equal_those_of_the_whole_matrix(users: int, items: int, levels: int, width: int, seed: int) -> None:
    states, table, targets, seen = drawn(users, items, levels, seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(products, "ITEMS_A_PART", width)
        found = ranks_of_products(states, table, targets, seen)
    expected = ranks_of_targets(states @ table.T, targets, seen)
    assert found.kept.tolist() == expected.kept.tolist()
    assert found.unseen.tolist() == expected.unseen.tolist()


def test_a_catalogue_of_several_parts_is_ranked_as_by_a_stable_sort() -> None:
    states, table, targets, _ = drawn(50, 2 * products.ITEMS_A_PART + 7, 5, 0)
    nothing = (torch.empty(0, dtype=torch.long), torch.empty(0, dtype=torch.long))
    order = np.argsort(-(states @ table.T).numpy(), axis=1, kind="stable")
    expected = (order == targets.numpy()[:, None]).argmax(axis=1) + 1
    assert ranks_of_products(states, table, targets, nothing).kept.tolist() == expected.tolist()


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 3e38])
def test_vectors_whose_products_are_not_finite_are_refused(bad: float) -> None:
    nothing = (torch.empty(0, dtype=torch.long), torch.empty(0, dtype=torch.long))
    sound, spoilt = torch.ones(3, 2), torch.tensor([[1.0, 0.0], [0.0, bad], [1.0, 1.0]])
    for states, table in ((sound, spoilt), (spoilt, sound)):
        with pytest.raises(SraclError, match="NaN or infinite"):
            ranks_of_products(states, table, torch.tensor([0, 1, 2]), nothing)
