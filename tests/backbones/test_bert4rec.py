"""BERT4Rec keeps the contract and equals a plain reading of attention in both directions."""

from typing import Literal

import pytest
import torch
from torch import Tensor

from backbones.contract import ITEMS, LENGTH, LONG, OTHER, SHORT, WIDTH, BackboneContract, rows_of
from reference.layers import attention, feed_forward, gelu, linear, norm
from sracl.backbones import BERT4Rec


def bert4rec(positions: Literal["start", "end"] = "end", layers: int = 2) -> BERT4Rec:
    return BERT4Rec(ITEMS, WIDTH, LENGTH, layers=layers, heads=2, dropout=0.2, positions=positions)


class TestBERT4RecFromTheEnd(BackboneContract):
    epochs = 32

    def make(self) -> BERT4Rec:
        return bert4rec("end")


class TestBERT4RecFromTheStart(BackboneContract):
    epochs = 40

    def make(self) -> BERT4Rec:
        return bert4rec("start", layers=1)


def plain(backbone: BERT4Rec, history: list[int]) -> Tensor:
    """The history and the mask through every block (Sun et al., eqs. 1 to 6), and the mask's state at the end."""
    vectors = [backbone.item_embedding.weight[item] for item in history] + [backbone.mask]
    first = 0 if backbone.positions.counted == "start" else LENGTH + 1 - len(vectors)
    places = backbone.positions.vectors.weight[first:]
    states = [norm(vector + places[place], backbone.input_norm) for place, vector in enumerate(vectors)]
    for block in backbone.blocks:
        mixed = [norm(state + attention(block.attention, state, states, 2), block.norm) for state in states]
        states = [feed_forward(block.feed_forward, state) for state in mixed]
    return norm(gelu(linear(backbone.dense, states[-1])), backbone.output_norm)


@pytest.mark.parametrize("positions", ["start", "end"])
@pytest.mark.parametrize("layers", [1, 3])
def test_states_equal_the_plain_reading(positions: Literal["start", "end"], layers: int) -> None:
    torch.manual_seed(2)
    backbone = bert4rec(positions, layers).eval()
    for parameter in backbone.parameters():
        torch.nn.init.normal_(parameter, std=0.4)
    expected = torch.stack([plain(backbone, history) for history in (LONG, SHORT, [4], OTHER)])
    found = backbone.last_states(rows_of(LONG, SHORT, [4], OTHER))
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-5)


def test_the_states_of_all_places_end_with_the_one_that_is_asked_for() -> None:
    torch.manual_seed(0)
    backbone = bert4rec().eval()
    rows, lengths = torch.randn(2, 4, WIDTH), torch.tensor([4, 2])
    whole = backbone.masked(rows, lengths)
    assert whole.shape == (2, 4, WIDTH)
    torch.testing.assert_close(backbone.masked(rows, lengths, last_only=True)[:, 0], whole[[0, 1], [3, 1]])
