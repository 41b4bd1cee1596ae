"""LiGR keeps the contract and equals its gated formulas."""

from typing import Literal

import pytest
import torch
from torch import Tensor

from backbones.contract import ITEMS, LENGTH, LONG, OTHER, SHORT, WIDTH, BackboneContract, rows_of
from reference.layers import attention, linear, norm, sigmoid, silu
from sracl.backbones import LiGR


def ligr(positions: Literal["start", "end"] = "end", layers: int = 2) -> LiGR:
    return LiGR(ITEMS, WIDTH, LENGTH, layers=layers, heads=2, dropout=0.2, inner=3, positions=positions)


class TestLiGRFromTheEnd(BackboneContract):
    def make(self) -> LiGR:
        return ligr()


class TestLiGRFromTheStart(BackboneContract):
    def make(self) -> LiGR:
        return ligr("start")


def plain(backbone: LiGR, history: list[int]) -> Tensor:
    """x + sigmoid(W x + b) * f(norm(x)) twice a block (Borisyuk et al., section 3; SwiGLU in f)."""
    first = 0 if backbone.positions.counted == "start" else LENGTH - len(history)
    places = backbone.positions.vectors.weight[first:]
    states = [backbone.item_embedding.weight[item] + places[place] for place, item in enumerate(history)]
    for block in backbone.blocks:
        normal = [norm(state, block.attention_norm) for state in states]
        mixed = [
            state
            + sigmoid(linear(block.attention_gate, state))
            * attention(block.attention, normal[place], normal[: place + 1], 2)
            for place, state in enumerate(states)
        ]
        states = []
        for state in mixed:
            both = linear(block.value_and_switch, norm(state, block.forward_norm))
            value, switch = both[: len(both) // 2], both[len(both) // 2 :]
            forwarded = linear(block.outer, silu(switch) * value)
            states.append(state + sigmoid(linear(block.forward_gate, state)) * forwarded)
    return states[-1]


@pytest.mark.parametrize("positions", ["start", "end"])
@pytest.mark.parametrize("layers", [1, 3])
def test_states_equal_the_plain_reading(positions: Literal["start", "end"], layers: int) -> None:
    torch.manual_seed(2)
    backbone = ligr(positions, layers).eval()
    for parameter in backbone.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    expected = torch.stack([plain(backbone, history) for history in (LONG, SHORT, [4], OTHER)])
    found = backbone.last_states(rows_of(LONG, SHORT, [4], OTHER))
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)
