"""LinRec keeps the contract, equals its paper's formula, and costs as much a place in a long row as in a short one."""

from typing import Literal

import pytest
import torch
from torch import Tensor
from torch.nn.functional import elu

from backbones.contract import ITEMS, LENGTH, LONG, OTHER, SHORT, WIDTH, BackboneContract, rows_of
from reference.layers import feed_forward, linear, norm
from sracl.backbones import LinRec
from sracl.backbones import linrec as module
from sracl.backbones.linrec import causal_products


def linrec(positions: Literal["start", "end"] = "end", layers: int = 2) -> LinRec:
    return LinRec(ITEMS, WIDTH, LENGTH, layers=layers, heads=2, dropout=0.2, positions=positions)


class TestLinRecFromTheEnd(BackboneContract):
    def make(self) -> LinRec:
        return linrec()


class TestLinRecFromTheStart(BackboneContract):
    def make(self) -> LinRec:
        return linrec("start")


def read(block: torch.nn.Module, own: Tensor, states: list[Tensor]) -> Tensor:
    """rho_1(elu(q)) (rho_2(elu(K))^T V) / sqrt(e) of one place, a head at a time."""
    query, both = linear(block.query, own), [linear(block.key_value, state) for state in states]
    parts, size = [], WIDTH // block.heads
    for head in range(block.heads):
        part = slice(head * size, (head + 1) * size)
        q = elu(query[part])
        keys = torch.stack([elu(pair[:WIDTH][part]) for pair in both])
        values = torch.stack([pair[WIDTH:][part] for pair in both])
        columns = [keys[:, column] / keys[:, column].norm() for column in range(size)]
        products = torch.stack([sum(k * v for k, v in zip(column, values, strict=True)) for column in columns])
        parts.append((q / q.norm()) @ products / size**0.5)
    return linear(block.output, torch.cat(parts))


def plain(backbone: LinRec, history: list[int]) -> Tensor:
    first = 0 if backbone.positions.counted == "start" else LENGTH - len(history)
    places = backbone.positions.vectors.weight[first:]
    states = [
        norm(backbone.item_embedding.weight[item] + places[place], backbone.input_norm)
        for place, item in enumerate(history)
    ]
    for block in backbone.blocks:
        mixed = [
            norm(state + read(block, state, states[: place + 1]), block.norm) for place, state in enumerate(states)
        ]
        states = [feed_forward(block.feed_forward, state) for state in mixed]
    return states[-1]


@pytest.mark.parametrize("positions", ["start", "end"])
@pytest.mark.parametrize("layers", [1, 3])
def test_states_equal_the_plain_reading(positions: Literal["start", "end"], layers: int) -> None:
    torch.manual_seed(2)
    backbone = linrec(positions, layers).eval()
    for parameter in backbone.parameters():
        torch.nn.init.normal_(parameter, std=0.4)
    expected = torch.stack([plain(backbone, history) for history in (LONG, SHORT, [4], OTHER)])
    found = backbone.last_states(rows_of(LONG, SHORT, [4], OTHER))
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("length", [1, 3, 4, 5, 12, 13])
def test_products_by_chunks_equal_products_one_with_one(monkeypatch: pytest.MonkeyPatch, length: int) -> None:
    monkeypatch.setattr(module, "CHUNK", 4)
    query, key, value = torch.randn(3, 2, 3, length, 5).unbind()
    expected = (query @ key.transpose(2, 3)).tril() @ value
    torch.testing.assert_close(causal_products(query, key, value), expected, rtol=1e-4, atol=1e-5)


def test_vectors_that_dropout_takes_whole_leave_finite_gradients() -> None:
    torch.manual_seed(0)
    backbone = linrec().train()
    embedded = torch.zeros(2, 4, WIDTH, requires_grad=True)
    with torch.no_grad():
        backbone.positions.vectors.weight.zero_()
    backbone.encode(embedded, torch.tensor([4, 2])).sum().backward()
    for name, parameter in backbone.named_parameters():
        assert parameter.grad is None or torch.isfinite(parameter.grad).all(), name
