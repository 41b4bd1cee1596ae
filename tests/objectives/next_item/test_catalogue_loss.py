"""Cross entropy in blocks equals PyTorch's over the whole, loss and gradients."""

import pytest
import torch
from torch.nn import functional

from sracl.objectives.next_item import catalogue_loss
from sracl.objectives.next_item.catalogue_loss import catalogue_cross_entropy


@pytest.mark.parametrize("scale", [1.0, 30.0], ids=["small logits", "large logits"])
@pytest.mark.parametrize("held_bytes", [1, 4 * 33 * 64, 2**20], ids=["nothing held", "64 rows held", "all held"])
@pytest.mark.parametrize("items_a_part", [5, 33, 512])
@pytest.mark.parametrize("rows", [1, 5, 150])
def test_loss_and_gradients_are_those_of_the_whole(
    monkeypatch, rows: int, items_a_part: int, held_bytes: int, scale: float
) -> None:
    monkeypatch.setattr(catalogue_loss, "ITEMS_A_PART", items_a_part)
    monkeypatch.setattr(catalogue_loss, "HELD_BYTES", held_bytes)
    monkeypatch.setattr(catalogue_loss, "ROWS", 40)
    torch.manual_seed(rows)
    states = (scale * torch.randn(rows, 8)).requires_grad_()
    table = torch.randn(33, 8, requires_grad=True)
    targets = torch.randint(0, 33, (rows,))
    found = torch.autograd.grad(3 * catalogue_cross_entropy(states, table, targets), [states, table])
    wanted = torch.autograd.grad(3 * functional.cross_entropy(states @ table.T, targets), [states, table])
    torch.testing.assert_close(
        catalogue_cross_entropy(states, table, targets),
        functional.cross_entropy(states @ table.T, targets),
        rtol=1e-5,
        atol=1e-5 * scale,
    )
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6 * scale)


def test_states_that_are_not_numbers_give_a_loss_that_is_none() -> None:
    states = torch.full((2, 8), float("nan"))
    assert torch.isnan(catalogue_cross_entropy(states, torch.randn(20, 8), torch.arange(2)))


def test_large_logits_stay_finite() -> None:
    states = 1000 * torch.randn(4, 8)
    loss = catalogue_cross_entropy(states, torch.randn(20, 8), torch.arange(4))
    assert torch.isfinite(loss)


def test_half_precision_is_computed_in_single_and_given_back_in_half() -> None:
    torch.manual_seed(0)
    states = torch.randn(6, 8).bfloat16().requires_grad_()
    table = torch.randn(20, 8).bfloat16().requires_grad_()
    targets = torch.arange(6)
    loss = catalogue_cross_entropy(states, table, targets)
    loss.backward()
    assert loss.dtype == torch.float32
    assert states.grad.dtype == table.grad.dtype == torch.bfloat16
    torch.testing.assert_close(loss, functional.cross_entropy(states.float() @ table.float().T, targets))


def test_nothing_to_predict_costs_nothing() -> None:
    states = torch.zeros(0, 8, requires_grad=True)
    table = torch.randn(20, 8, requires_grad=True)
    loss = catalogue_cross_entropy(states, table, torch.zeros(0, dtype=torch.long))
    loss.backward()
    assert float(loss.detach()) == 0.0
    assert not table.grad.any()


def test_rows_behind_the_catalogue_neither_count_nor_learn() -> None:
    torch.manual_seed(0)
    states = torch.randn(6, 8)
    table = torch.randn(21, 8, requires_grad=True)
    targets = torch.arange(6)
    loss = catalogue_cross_entropy(states, table, targets, items=20)
    loss.backward()
    torch.testing.assert_close(loss, functional.cross_entropy(states @ table[:20].T, targets))
    assert table.grad[:20].any()
    assert not table.grad[20].any()


@pytest.mark.parametrize("held_bytes", [1, 2**20], ids=["nothing held", "all held"])
@pytest.mark.parametrize("scale", [0.5, 10.0], ids=["small logits", "large logits"])
def test_products_in_half_precision_give_nearly_the_same(monkeypatch, scale: float, held_bytes: int) -> None:
    """Logits are rounded by a 512th part of themselves at most, so the loss and the probabilities by as much."""
    monkeypatch.setattr(catalogue_loss, "HELD_BYTES", held_bytes)
    torch.manual_seed(0)
    states = (scale * torch.randn(150, 16)).requires_grad_()
    table = torch.randn(3000, 16, requires_grad=True)
    targets = torch.randint(0, 3000, (150,))
    exact = catalogue_cross_entropy(states, table, targets)
    half = catalogue_cross_entropy(states, table, targets, products=torch.bfloat16)
    assert half.dtype == torch.float32
    largest = float((states @ table.T).detach().abs().max())
    torch.testing.assert_close(half.detach(), exact.detach(), rtol=0, atol=2**-8 * largest)
    wanted, found = (torch.autograd.grad(loss, [states, table]) for loss in (exact, half))
    for one, other in zip(found, wanted, strict=True):
        assert one.dtype == torch.float32
        assert float((one - other).norm()) <= (0.01 + 2**-9 * largest) * float(other.norm())
