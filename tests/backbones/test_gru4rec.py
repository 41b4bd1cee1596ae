"""GRU4Rec keeps the contract and equals the recurrence of its paper."""

import pytest
import torch
from torch import Tensor

from backbones.contract import ITEMS, LENGTH, LONG, OTHER, SHORT, WIDTH, BackboneContract, rows_of
from reference.layers import linear, sigmoid
from sracl.backbones import GRU4Rec


class TestGRU4Rec(BackboneContract):
    def make(self) -> GRU4Rec:
        return GRU4Rec(ITEMS, WIDTH, LENGTH, layers=2, hidden=12, dropout=0.2)


def plain(backbone: GRU4Rec, history: list[int]) -> Tensor:
    """h = (1 - z) h~ + z h, item by item (Hidasi et al., eqs. 1 to 4, with PyTorch's place of z and its biases)."""
    inputs = [backbone.item_embedding.weight[item] for item in history]
    for unit in backbone.units:
        state, outputs = torch.zeros(unit.hidden_size), []
        for x in inputs:
            of_input = unit.weight_ih_l0 @ x + unit.bias_ih_l0
            of_state = unit.weight_hh_l0 @ state + unit.bias_hh_l0
            (r_in, z_in, n_in), (r_h, z_h, n_h) = of_input.chunk(3), of_state.chunk(3)
            reset, update = sigmoid(r_in + r_h), sigmoid(z_in + z_h)
            candidate = torch.tanh(n_in + reset * n_h)
            state = (1 - update) * candidate + update * state
            outputs.append(state)
        inputs = outputs
    return linear(backbone.output, inputs[-1])


@pytest.mark.parametrize("layers", [1, 3])
def test_states_equal_the_plain_reading(layers: int) -> None:
    torch.manual_seed(2)
    backbone = GRU4Rec(ITEMS, WIDTH, LENGTH, layers=layers, hidden=7).eval()
    for parameter in backbone.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    expected = [plain(backbone, history) for history in (LONG, SHORT, [4], OTHER)]
    found = backbone.last_states(rows_of(LONG, SHORT, [4], OTHER))
    torch.testing.assert_close(found, torch.stack(expected), rtol=1e-4, atol=1e-5)


def test_a_prefix_is_the_same_in_a_long_row_as_alone() -> None:
    torch.manual_seed(0)
    backbone = GRU4Rec(ITEMS, WIDTH, LENGTH).eval()
    within = backbone.states(rows_of(LONG))
    alone = backbone.last_states(rows_of(*(LONG[:end] for end in range(1, len(LONG) + 1))))
    torch.testing.assert_close(within, alone, rtol=1e-4, atol=1e-6)
