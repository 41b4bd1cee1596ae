"""gBCE: the equation with the paper's beta, and its two ends."""

from typing import ClassVar

import pytest
import torch
from torch.nn import functional

from objectives.next_item.contract import ITEMS, NextItemContract, context_of
from sracl.errors import InputError
from sracl.objectives.next_item import GeneralisedBinary
from sracl.objectives.next_item import products as own
from support.batches import generator, histories_of, whole_batch


class TestGeneralisedBinary(NextItemContract):
    loss = GeneralisedBinary
    settings: ClassVar = {"negatives": 7, "calibration": 0.6}

    def negatives_of(self, drawn: torch.Tensor, place: int) -> list[int]:
        return drawn[place].tolist()

    def plain(self, loss, states, table, target: int, negatives: list[int]) -> torch.Tensor:
        sampling = len(negatives) / (ITEMS - 1)
        beta = sampling * (0.6 * (1 - 1 / sampling) + 1 / sampling)
        total = beta * functional.logsigmoid(table[target] @ states)
        for item in negatives:
            total = total + functional.logsigmoid(-(table[item] @ states))
        return -total / (len(negatives) + 1)

    def test_no_target_is_its_own_negative(self, made, batch) -> None:
        drawn = made.draw(batch, generator(1))
        assert drawn.shape == (len(batch.with_target), 7)
        assert (drawn != batch.targets[batch.with_target][:, None]).all()

    @pytest.mark.parametrize("held_bytes", [1, 4 * 8 * 16 * 3, 2**20], ids=["one at a time", "three", "all"])
    def test_blocks_change_nothing(self, monkeypatch, made, batch, held_bytes: int) -> None:
        states, table = self.example(batch)
        drawn = made.draw(batch, generator(1))
        whole = torch.autograd.grad(self.value(made, batch, states, table, drawn), [states, table])
        monkeypatch.setattr(own, "HELD_BYTES", held_bytes)
        blocks = torch.autograd.grad(self.value(made, batch, states, table, drawn), [states, table])
        for one, other in zip(whole, blocks, strict=True):
            torch.testing.assert_close(one, other)


def test_without_calibration_it_is_the_binary_cross_entropy_and_with_all_of_it_the_share_of_negatives() -> None:
    assert GeneralisedBinary(ITEMS, 7, 0.0).power == 1.0
    assert GeneralisedBinary(ITEMS, 7, 1.0).power == pytest.approx(7 / (ITEMS - 1))


def test_other_items_are_drawn_uniformly() -> None:
    training = histories_of([2], ITEMS)
    made = GeneralisedBinary.of(context_of(training), negatives=39)
    batch = whole_batch(training, 8)
    counts = sum(torch.bincount(made.draw(batch, generator(seed)).flatten(), minlength=ITEMS) for seed in range(500))
    target = int(batch.targets[batch.with_target][0])
    others = torch.cat([counts[:target], counts[target + 1 :]]).double()
    expected = others.sum() / (ITEMS - 1)
    assert counts[target] == 0
    assert float(((others - expected) ** 2 / expected).sum()) < 80  # chi-square, 38 degrees: 80 has p = 1e-4


def test_as_many_negatives_as_items_are_refused() -> None:
    with pytest.raises(InputError, match="negatives is 256, but there are only 40 items"):
        GeneralisedBinary.of(context_of(histories_of([3], ITEMS)))
