"""FMLP-Rec keeps the contract and equals a Fourier transform that is written out."""

import cmath

import pytest
import torch
from torch import Tensor

from backbones.contract import ITEMS, LENGTH, LONG, OTHER, SHORT, WIDTH, BackboneContract, rows_of
from reference.layers import feed_forward, norm
from sracl.backbones import FMLPRec


class TestFMLPRec(BackboneContract):
    def make(self) -> FMLPRec:
        return FMLPRec(ITEMS, WIDTH, LENGTH, layers=2, dropout=0.2)


def filtered(states: list[Tensor], weight: Tensor) -> list[Tensor]:
    """Transform each column over time, multiply frequencies k and their mirrors, transform back (eqs. 4 to 6)."""
    length = len(states)
    turn = [[cmath.exp(-2j * cmath.pi * k * t / length) for t in range(length)] for k in range(length)]
    # Frequencies of real rows mirror each other; at 0 and at half of an even length, the imaginary part has no effect.
    whole = [weight[k] if k <= length // 2 else weight[length - k].conj() for k in range(length)]
    spectrum = [sum(turn[k][t] * states[t] for t in range(length)) * whole[k] for k in range(length)]
    return [sum(spectrum[k] / turn[k][t] for k in range(length)).real / length for t in range(length)]


def plain(backbone: FMLPRec, history: list[int]) -> Tensor:
    """The row filled up with zeros in front, through every filter and feed-forward net (Zhou et al., section 3)."""
    length = backbone.max_length
    items = [backbone.item_embedding.weight[item] for item in history]
    vectors = [torch.zeros(WIDTH)] * (length - len(items)) + items
    places = backbone.positions.vectors.weight
    states = [norm(vector + places[place], backbone.input_norm) for place, vector in enumerate(vectors)]
    for block in backbone.blocks:
        mixed = filtered(states, torch.view_as_complex(block.weight))
        states = [
            feed_forward(block.feed_forward, norm(state + part, block.norm))
            for state, part in zip(states, mixed, strict=True)
        ]
    return states[-1]


@pytest.mark.parametrize("length", [LENGTH, LENGTH + 1])
@pytest.mark.parametrize("layers", [1, 3])
def test_states_equal_the_plain_reading(length: int, layers: int) -> None:
    torch.manual_seed(2)
    backbone = FMLPRec(ITEMS, WIDTH, length, layers=layers).eval()
    for parameter in backbone.parameters():
        torch.nn.init.normal_(parameter, std=0.4)
    expected = torch.stack([plain(backbone, history) for history in (LONG, SHORT, [4], OTHER)])
    found = backbone.last_states(rows_of(LONG, SHORT, [4], OTHER))
    torch.testing.assert_close(found, expected.detach(), rtol=1e-3, atol=1e-5)
