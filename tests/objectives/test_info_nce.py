"""InfoNCE: what counts as a negative, and where its minimum lies."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from reference import contrast
from sracl.objectives.info_nce import info_nce


@given(
    st.lists(st.integers(0, 3), min_size=1, max_size=6),
    st.integers(0, 1000),
    st.sampled_from([0.2, 1.0, 3.0]),
)
def test_it_is_the_definition(users: list[int], seed: int, temperature: float) -> None:
    draw = torch.Generator().manual_seed(seed)
    first, second = torch.randn(2, len(users), 5, generator=draw).unbind(0)
    found = float(info_nce(first, second, torch.tensor(users), temperature))
    assert found == pytest.approx(contrast.info_nce(first, second, users, temperature=temperature), rel=1e-4, abs=1e-5)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), min_size=1, max_size=6), st.integers(0, 1000))
def test_vectors_of_one_label_are_no_negatives_either(pairs: list[tuple[int, int]], seed: int) -> None:
    draw = torch.Generator().manual_seed(seed)
    first, second = torch.randn(2, len(pairs), 5, generator=draw).unbind(0)
    users, labels = [user for user, _ in pairs], [label for _, label in pairs]
    found = float(info_nce(first, second, torch.tensor(users), alike=torch.tensor(labels)))
    assert found == pytest.approx(contrast.info_nce(first, second, users, labels), rel=1e-4, abs=1e-5)


def test_vectors_of_the_same_user_are_no_negatives() -> None:
    """With one user alone there is nothing to be told apart from: the loss is 0 whatever the vectors."""
    first, second = torch.randn(2, 4, 8).unbind(0)
    assert float(info_nce(first, second, torch.zeros(4, dtype=torch.long))) == pytest.approx(0.0, abs=1e-6)


def test_equal_vectors_of_b_users_give_the_logarithm_of_what_is_compared() -> None:
    ones = torch.ones(5, 3)
    found = float(info_nce(ones, ones, torch.arange(5)))
    assert found == pytest.approx(math.log(2 * 5 - 2 + 1), rel=1e-5)


def test_the_two_sides_may_be_exchanged() -> None:
    first, second = torch.randn(2, 6, 8).unbind(0)
    users = torch.tensor([0, 1, 2, 0, 3, 4])
    torch.testing.assert_close(info_nce(first, second, users), info_nce(second, first, users))


def test_large_vectors_do_not_overflow() -> None:
    first, second = 100 * torch.randn(2, 6, 64).unbind(0)[0], 100 * torch.randn(6, 64)
    assert torch.isfinite(info_nce(first, second, torch.arange(6), 0.05))


def test_no_pairs_give_zero_with_a_gradient() -> None:
    nothing = torch.zeros(0, 4, requires_grad=True)
    loss = info_nce(nothing, nothing, torch.zeros(0, dtype=torch.long))
    loss.backward()
    assert float(loss.detach()) == 0.0
