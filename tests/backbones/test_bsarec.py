"""BSARec keeps the contract and equals cosine waves and attention that are written out."""

import math

import pytest
import torch
from torch import Tensor

from backbones.contract import ITEMS, LENGTH, LONG, OTHER, SHORT, WIDTH, BackboneContract, rows_of
from reference.layers import attention, feed_forward, norm
from sracl.backbones import BSARec
from sracl.backbones.bsarec import low_pass_matrix


class TestBSARec(BackboneContract):
    def make(self) -> BSARec:
        return BSARec(ITEMS, WIDTH, LENGTH, layers=2, heads=2, dropout=0.2, alpha=0.6, c=3)


def low_pass(states: list[Tensor], lowest: int) -> list[Tensor]:
    """The sum of each column's waves of frequency 0 to `lowest` - 1 (Shin et al., eq. 4)."""
    length = len(states)
    result = [sum(states) / length for _ in range(length)]
    for k in range(1, min(lowest, length // 2 + 1)):
        # A frequency below half of the length comes with its mirror.
        twice = 1 if 2 * k == length else 2
        for place in range(length):
            wave = [math.cos(2 * math.pi * k * (place - other) / length) for other in range(length)]
            result[place] = result[place] + twice / length * sum(
                w * state for w, state in zip(wave, states, strict=True)
            )
    return result


def plain(backbone: BSARec, history: list[int], heads: int, alpha: float, c: int) -> Tensor:
    """The row filled up with zeros in front, through every block (Shin et al., eqs. 5 to 11)."""
    empty = backbone.max_length - len(history)
    vectors = [torch.zeros(WIDTH)] * empty + [backbone.item_embedding.weight[item] for item in history]
    places = backbone.positions.vectors.weight
    states = [norm(vector + places[place], backbone.input_norm) for place, vector in enumerate(vectors)]
    for block in backbone.blocks:
        low = low_pass(states, c // 2 + 1)
        mixed = []
        for place, state in enumerate(states):
            rescaled = low[place] + block.rescaler.beta**2 * (state - low[place])
            # The mask lowers scores by the same 10,000 everywhere for a place without an item: it reads all places.
            readable = states[empty : place + 1] if place >= empty else states
            read = attention(block.attention, state, readable, heads)
            mixed.append(
                alpha * norm(state + rescaled, block.rescaler_norm)
                + (1 - alpha) * norm(state + read, block.attention_norm)
            )
        states = [feed_forward(block.feed_forward, state) for state in mixed]
    return states[-1]


@pytest.mark.parametrize(("length", "c"), [(LENGTH, 5), (LENGTH + 1, 4), (LENGTH, 100), (LENGTH, 0)])
@pytest.mark.parametrize("layers", [1, 3])
def test_states_equal_the_plain_reading(length: int, c: int, layers: int) -> None:
    torch.manual_seed(2)
    backbone = BSARec(ITEMS, WIDTH, length, layers=layers, heads=2, alpha=0.7, c=c).eval()
    for parameter in backbone.parameters():
        torch.nn.init.normal_(parameter, std=0.4)
    expected = torch.stack([plain(backbone, history, 2, 0.7, c) for history in (LONG, SHORT, [4], OTHER)])
    found = backbone.last_states(rows_of(LONG, SHORT, [4], OTHER))
    torch.testing.assert_close(found, expected.detach(), rtol=1e-3, atol=1e-5)


def test_the_low_pass_matrix_keeps_what_it_kept() -> None:
    matrix = low_pass_matrix(LENGTH, 3)
    torch.testing.assert_close(matrix @ matrix, matrix)
    torch.testing.assert_close(matrix.sum(dim=1), torch.ones(LENGTH))


def test_the_fixed_matrix_is_no_weight() -> None:
    assert not [name for name in BSARec(ITEMS, WIDTH, LENGTH).state_dict() if "low_pass" in name]
