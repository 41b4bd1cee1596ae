"""Partners are the most correlated items, by the formulas of the paper."""

import math

import torch
from hypothesis import given
from hypothesis import strategies as st

from sracl.objectives import correlations
from sracl.objectives.correlations import Partners, by_co_occurrence, by_vectors, surer
from support.batches import generator
from support.lists import flat

ITEMS = 8
HISTORIES = st.lists(st.lists(st.integers(0, ITEMS - 1), max_size=6), min_size=1, max_size=8)


def plain(histories: list[list[int]]) -> dict[tuple[int, int], float]:
    """Item-based collaborative filtering with inverse user frequency, pair by pair."""
    users = {item: {u for u, own in enumerate(histories) if item in own} for item in range(ITEMS)}
    found = {}
    for one in range(ITEMS):
        for other in range(ITEMS):
            if one != other and users[one] & users[other]:
                shared = sum(1 / math.log(1 + len(set(histories[u]))) for u in users[one] & users[other])
                found[one, other] = shared / math.sqrt(len(users[one]) * len(users[other]))
    return found


@given(HISTORIES, st.sampled_from([1, 20, 1 << 24]))
def test_by_co_occurrence_is_the_formula(histories: list[list[int]], held: int) -> None:
    correlations.PRODUCTS_HELD, before = held, correlations.PRODUCTS_HELD
    try:
        found = by_co_occurrence(flat(histories), ITEMS)
    finally:
        correlations.PRODUCTS_HELD = before
    wanted = plain(histories)
    lowest, highest = min(wanted.values(), default=0.0), max(wanted.values(), default=0.0)
    for item in range(ITEMS):
        own = {other: value for (one, other), value in wanted.items() if one == item}
        partner = int(found.items[item])
        if not own:
            assert partner == -1
            assert float(found.scores[item]) == -1
        else:
            assert math.isclose(own[partner], max(own.values()), rel_tol=1e-9)
            if highest - lowest > 1e-9:  # Else rounding alone tells them apart.
                scaled = (max(own.values()) - lowest) / (highest - lowest)
                assert math.isclose(float(found.scores[item]), scaled, rel_tol=1e-5, abs_tol=1e-6)


@given(st.integers(1, 12), st.integers(0, 1000), st.sampled_from([1, 20, 1 << 24]))
def test_by_vectors_is_the_largest_product_with_another_item(count: int, seed: int, held: int) -> None:
    vectors = torch.randn(count, 4, generator=generator(seed))
    correlations.PRODUCTS_HELD, before = held, correlations.PRODUCTS_HELD
    try:
        found = by_vectors(vectors)
    finally:
        correlations.PRODUCTS_HELD = before
    products = (vectors @ vectors.T).fill_diagonal_(float("-inf"))
    if count == 1:
        assert found.items.tolist() == [-1]
    else:
        assert found.items.tolist() == products.argmax(dim=1).tolist()
        assert float(found.scores.max()) == 1.0
        assert float(found.scores.min()) >= 0


def test_the_surer_of_two_partners_is_taken() -> None:
    one = Partners(torch.tensor([1, 2, -1]), torch.tensor([0.5, 0.2, -1.0]))
    other = Partners(torch.tensor([2, 0, 0]), torch.tensor([0.4, 0.9, 0.1]))
    assert surer(one, other).items.tolist() == [1, 0, 0]
