"""Codes are bytes whose scores order rows as their similarities do, the same by integers as by float32."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sracl.semantics import codes
from sracl.semantics.codes import LARGEST, LEVELS, Coder, integers_are_faster, scores
from support.batches import unit_vectors


@pytest.fixture(params=[True, False], ids=["integers", "floats"])
def way(request, monkeypatch) -> bool:
    monkeypatch.setattr(codes, "integers_are_faster", lambda dimension: request.param)
    return request.param


@pytest.mark.parametrize("dimension", [3, 64, 96])
def test_scores_order_rows_as_their_similarities_to_a_query_do(dimension: int, way: bool, monkeypatch) -> None:
    monkeypatch.setattr(codes, "KEPT", 1.0)
    rows = torch.from_numpy(unit_vectors(400, dimension))
    coded, halves = Coder.of(rows, 0).codes(rows)
    found = scores(coded, coded, halves)
    assert found.dtype == (torch.int32 if way else torch.float32)
    for query in range(0, 400, 40):
        correlation = np.corrcoef(found[query].numpy(), (rows @ rows[query]).numpy())[0, 1]
        assert correlation > 0.999


def test_a_mean_that_all_rows_share_costs_no_precision() -> None:
    rows = unit_vectors(2_000, 48)
    shifted = rows + 20 * rows.mean(axis=0) / np.linalg.norm(rows.mean(axis=0))
    shifted = torch.from_numpy((shifted / np.linalg.norm(shifted, axis=1, keepdims=True)).astype(np.float32))
    coded, halves = Coder.of(shifted, 0).codes(shifted)
    found = scores(coded[:50], coded, halves)
    ten = (shifted[:50] @ shifted.T).double().topk(11).indices
    twenty = found.topk(30).indices
    recall = np.mean([np.isin(a, b).mean() for a, b in zip(ten.numpy(), twenty.numpy(), strict=True)])
    assert recall > 0.99


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 2_000), st.integers(0, 2**31))
def test_both_ways_give_the_same_whole_numbers(dimension: int, seed: int) -> None:
    """Up to the largest product that a coder allows, of which float32 holds every whole number."""
    generator = torch.Generator().manual_seed(seed)
    levels = min(LEVELS, int((LARGEST / dimension) ** 0.5))
    left, right = (torch.randint(-levels, levels + 1, (n, dimension), generator=generator).char() for n in (3, 5))
    left[0], right[0], right[1] = levels, levels, -levels
    halves = torch.randint(0, LARGEST // 2, (5,), generator=generator).int()
    whole = left.long() @ right.long().T - halves
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(codes, "integers_are_faster", lambda dimension: False)
        assert torch.equal(scores(left, right, halves).long(), whole)
        if integers_are_faster(dimension):
            patch.setattr(codes, "integers_are_faster", lambda dimension: True)
            assert torch.equal(scores(left, right, halves).long(), whole)


def test_a_machine_whose_integer_sums_overflow_computes_in_floats(monkeypatch) -> None:
    def saturating(left, right):
        return (left.short() @ right.short().T).clamp(-(2**15), 2**15 - 1)

    monkeypatch.setattr(codes, "_as_integers", saturating)
    assert not integers_are_faster.__wrapped__(64)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_coder_needs_no_more_than_one_row(count: int) -> None:
    rows = torch.from_numpy(unit_vectors(count, 40))
    coded, halves = Coder.of(rows, 0).codes(rows)
    assert coded.shape == (count, 32)
    assert halves.shape == (count,)


def test_equal_rows_have_codes_of_zeros() -> None:
    rows = torch.from_numpy(unit_vectors(1, 16)).repeat(50, 1)
    coded, halves = Coder.of(rows, 0).codes(rows)
    assert not coded.any()
    assert not halves.any()


def test_rows_unlike_the_sample_stay_within_a_byte_and_the_largest_score() -> None:
    sample = torch.from_numpy(unit_vectors(1, 16)).repeat(50, 1)
    coded, halves = Coder.of(sample, 0).codes(torch.from_numpy(unit_vectors(30, 16, seed=9)))
    assert coded.abs().max() <= LEVELS
    assert halves.max() <= LARGEST / 2
