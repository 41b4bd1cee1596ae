"""SASRec keeps the contract with both ways of counting positions, and equals the plain reading."""

from typing import Literal

import pytest
import torch

from backbones.contract import ITEMS, LENGTH, LONG, OTHER, SHORT, WIDTH, BackboneContract, rows_of
from reference.oracle import Oracle
from sracl.backbones import SASRec


def sasrec(positions: Literal["start", "end"], layers: int = 2) -> SASRec:
    return SASRec(ITEMS, WIDTH, LENGTH, layers=layers, heads=2, dropout=0.3, positions=positions)


class TestFromTheStart(BackboneContract):
    def make(self) -> SASRec:
        return sasrec("start")


class TestFromTheEnd(BackboneContract):
    def make(self) -> SASRec:
        return sasrec("end")

    def test_a_causal_backbone_sees_no_later_item(self, backbone: SASRec) -> None:
        """Rows of one length alone: a longer row moves the positions of its prefixes, which is this choice's price."""
        super().test_a_causal_backbone_sees_no_later_item(backbone)


@pytest.mark.parametrize("positions", ["start", "end"])
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_states_equal_the_plain_reading(positions: Literal["start", "end"], layers: int) -> None:
    torch.manual_seed(2)
    backbone = sasrec(positions, layers).eval()
    for parameter in backbone.parameters():
        torch.nn.init.normal_(parameter, std=0.4)
    oracle = Oracle(
        {f"backbone.{name}": parameter for name, parameter in backbone.named_parameters()}, 2, LENGTH, positions
    )
    histories = [LONG, SHORT, [4], OTHER]
    torch.testing.assert_close(
        backbone.last_states(rows_of(*histories)), oracle.encode(histories), rtol=1e-4, atol=1e-5
    )


def test_from_the_start_a_prefix_is_the_same_in_a_long_row_as_alone() -> None:
    torch.manual_seed(0)
    backbone = sasrec("start").eval()
    within = backbone.states(rows_of(LONG))
    for length in range(1, len(LONG) + 1):
        alone = backbone.last_states(rows_of(LONG[:length]))[0]
        torch.testing.assert_close(within[length - 1], alone, rtol=1e-4, atol=1e-5)


def test_from_the_end_the_last_item_always_has_the_last_position() -> None:
    torch.manual_seed(0)
    backbone = sasrec("end").eval()
    states = backbone.states(rows_of(SHORT, OTHER))
    # Not a plain sum, which layer normalisation keeps constant.
    (states * torch.randn_like(states)).sum().backward()
    used = backbone.position_embedding.weight.grad.abs().sum(dim=1) > 0
    assert used.tolist() == [False] * (LENGTH - len(OTHER)) + [True] * len(OTHER)
