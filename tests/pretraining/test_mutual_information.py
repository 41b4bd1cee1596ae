"""The bounds against their formulas, written out, whatever the blocks."""

import math

import pytest
import torch
from torch import Tensor

from sracl.pretraining import mutual_information as module
from sracl.pretraining.mutual_information import Bilinear, against_all, against_one, against_others

ROWS, WIDTH, COLUMNS = 7, 4, 9


def given(bounded: bool = True) -> tuple[Bilinear, Tensor, Tensor]:
    torch.manual_seed(0)
    score = Bilinear(WIDTH, bounded)
    torch.nn.init.normal_(score.weight)
    vectors, table = (torch.randn(rows, WIDTH, requires_grad=True) for rows in (ROWS, COLUMNS))
    return score, vectors, table


def f(score: Bilinear, one: Tensor, other: Tensor) -> Tensor:
    product = sum(one[i] * score.weight[i, j] * other[j] for i in range(WIDTH) for j in range(WIDTH))
    return 1 / (1 + torch.exp(-product)) if score.bounded else product


@pytest.fixture(params=[64 * 2**20, 2 * 4 * COLUMNS, 1], ids=["whole", "two-rows", "row"])
def held(request, monkeypatch) -> None:
    monkeypatch.setattr(module, "HELD_BYTES", request.param)


def check(value: Tensor, expected: Tensor, score: Bilinear, *given: Tensor) -> None:
    tensors = (score.weight, *given)
    torch.testing.assert_close(value, expected)
    own, plain = (torch.autograd.grad(loss, tensors) for loss in (value, expected))
    for one, other in zip(own, plain, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("bounded", [True, False])
@pytest.mark.usefixtures("held")
def test_a_target_stands_against_all_items(bounded: bool) -> None:
    score, vectors, table = given(bounded)
    targets = [0, 3, 8, 3, 1, 1, 5]
    expected = 0
    for row, target in enumerate(targets):
        scores = [f(score, vectors[row], table[column]) for column in range(COLUMNS)]
        expected = expected - (scores[target] - torch.log(sum(torch.exp(score) for score in scores))) / ROWS
    check(against_all(score, vectors, table, torch.tensor(targets)), expected, score, vectors, table)


@pytest.mark.parametrize("bounded", [True, False])
@pytest.mark.usefixtures("held")
def test_each_attribute_stands_against_those_that_are_not_there(bounded: bool) -> None:
    score, vectors, table = given(bounded)
    own = [[0, 3], [], [8], [0, 1, 2, 4], [5], [], [2, 3]]
    present = torch.zeros(ROWS, COLUMNS, dtype=torch.bool)
    for row, columns in enumerate(own):
        present[row, columns] = True
    expected, having = 0, sum(bool(columns) for columns in own)
    for row, columns in enumerate(own):
        scores = [f(score, vectors[row], table[column]) for column in range(COLUMNS)]
        others = sum(torch.exp(scores[column]) for column in range(COLUMNS) if column not in columns)
        for column in columns:
            bound = scores[column] - torch.log(torch.exp(scores[column]) + others)
            expected = expected - bound / len(columns) / having
    check(against_others(score, vectors, table, lambda rows: present[rows]), expected, score, vectors, table)


@pytest.mark.parametrize("bounded", [True, False])
def test_a_segment_stands_against_one_other(bounded: bool) -> None:
    score, vectors, table = given(bounded)
    positive, negative = table[:ROWS], table[1 : ROWS + 1]
    expected = 0
    for row in range(ROWS):
        better, worse = (f(score, vectors[row], other[row]) for other in (positive, negative))
        expected = expected - torch.log(torch.exp(better) / (torch.exp(better) + torch.exp(worse))) / ROWS
    check(against_one(score, vectors, positive, negative), expected, score, vectors, table)


def test_nothing_to_compare_costs_nothing() -> None:
    score, vectors, table = given()
    none = vectors[:0]
    assert against_all(score, none, table, torch.empty(0, dtype=torch.long)) == 0
    assert against_one(score, none, none, none) == 0
    assert against_others(score, none, table, lambda rows: torch.zeros(0, COLUMNS, dtype=torch.bool)) == 0
    nobody = against_others(score, vectors, table, lambda rows: torch.zeros(ROWS, COLUMNS, dtype=torch.bool)[rows])
    assert nobody == 0
    nobody.backward()


def test_a_bound_is_at_most_the_logarithm_of_how_many_are_compared() -> None:
    score, vectors, table = given()
    loss = against_all(score, vectors, table, torch.zeros(ROWS, dtype=torch.long))
    assert float(loss.detach()) == pytest.approx(math.log(COLUMNS), abs=1)
