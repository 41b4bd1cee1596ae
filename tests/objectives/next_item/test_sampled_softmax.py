"""Sampled softmax: the equation, and an unbiased estimate of the catalogue's sum."""

import math
from typing import ClassVar

import pytest
import torch

from objectives.next_item.contract import ITEMS, WIDTH, NextItemContract
from sracl.objectives.next_item import SampledSoftmax, Softmax
from sracl.objectives.next_item.negatives import Popularity
from support.batches import generator, histories_of, whole_batch


class TestSampledSoftmax(NextItemContract):
    loss = SampledSoftmax
    settings: ClassVar = {"negatives": 30}

    def negatives_of(self, drawn: torch.Tensor, place: int) -> list[int]:
        return drawn.tolist()

    def plain(self, loss, states, table, target: int, negatives: list[int]) -> torch.Tensor:
        terms = [table[target] @ states]
        for item in negatives:
            if item != target:
                expected = len(negatives) * float(loss.drawn_from.probabilities[item])
                terms.append(table[item] @ states - math.log(expected))
        return torch.logsumexp(torch.stack(terms), dim=0) - terms[0]


class TestByPopularity(TestSampledSoftmax):
    settings: ClassVar = {"negatives": 30, "popularity": 0.75}


@pytest.mark.parametrize("popularity", [0.0, 1.0])
def test_the_estimated_sum_over_others_has_the_true_one_as_its_mean(popularity: float) -> None:
    training = histories_of([20, 30, 40], ITEMS)
    made = SampledSoftmax(Popularity(training, ITEMS, popularity), 200_000, popularity)
    torch.manual_seed(0)
    states, table = torch.randn(1, WIDTH) / 4, torch.randn(ITEMS, WIDTH)
    target = torch.tensor([3])
    drawn = made.drawn_from.draw(made.negatives, generator(0))
    sampled = made.mean(states, table, target, drawn, ITEMS)
    whole = Softmax().mean(states, table, target, drawn, ITEMS)
    assert float(sampled) == pytest.approx(float(whole), abs=0.02)


def test_without_the_correction_popular_items_would_count_too_much() -> None:
    training = histories_of([400], 4)
    made = SampledSoftmax(Popularity(training, ITEMS, 1.0), 50_000, 1.0)
    made.log_expected = torch.full((ITEMS,), math.log(50_000 / ITEMS))
    torch.manual_seed(0)
    states, table = torch.ones(1, WIDTH) / 4, torch.randn(ITEMS, WIDTH)
    table[:4] += 1.0
    drawn = made.drawn_from.draw(50_000, generator(0))
    target = torch.tensor([20])
    whole = Softmax().mean(states, table, target, drawn, ITEMS)
    assert float(made.mean(states, table, target, drawn, ITEMS)) > float(whole) + 0.5


def test_a_target_that_is_drawn_is_no_negative_of_its_own() -> None:
    made = SampledSoftmax(Popularity(histories_of([5], ITEMS), ITEMS, 0.0), 3)
    states, table = torch.randn(1, WIDTH), torch.randn(ITEMS, WIDTH)
    only_itself = torch.tensor([7, 7, 7])
    assert float(made.mean(states, table, torch.tensor([7]), only_itself, ITEMS)) == 0.0
    states.requires_grad_()
    made.mean(states, table, torch.tensor([7]), only_itself, ITEMS).backward()
    assert not states.grad.any()


def test_all_targets_share_one_draw() -> None:
    training = histories_of([9, 9], ITEMS)
    made = SampledSoftmax(Popularity(training, ITEMS, 0.0), 17)
    assert made.draw(whole_batch(training, 8), generator(0)).shape == (17,)
