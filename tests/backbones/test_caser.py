"""Caser keeps the contract and equals the convolutions of its paper."""

import pytest
import torch
from torch import Tensor

from backbones.contract import ITEMS, LENGTH, LONG, OTHER, SHORT, WIDTH, BackboneContract, rows_of
from reference.layers import linear
from sracl.backbones import Caser


class TestCaser(BackboneContract):
    def make(self) -> Caser:
        return Caser(ITEMS, WIDTH, LENGTH, window=5, horizontal=6, vertical=2, dropout=0.2)


def plain(backbone: Caser, history: list[int]) -> Tensor:
    """The image of the last items, its horizontal and vertical filters, and two layers (Tang and Wang, section 3)."""
    window = backbone.window
    rows = [backbone.item_embedding.weight[item] for item in history[-window:]]
    image = [torch.zeros(WIDTH)] * (window - len(rows)) + rows
    seen = []
    for height, convolution in enumerate(backbone.horizontal, start=1):
        for kernel, bias in zip(convolution.weight, convolution.bias, strict=True):
            steps = [
                torch.relu(sum((kernel[:, row] * image[start + row]).sum() for row in range(height)) + bias)
                for start in range(window - height + 1)
            ]
            seen.append(max(steps))
    for kernel, bias in zip(backbone.vertical.weight, backbone.vertical.bias, strict=True):
        seen.extend(sum(kernel[row] * image[row] for row in range(window)) + bias)
    return linear(backbone.outer, torch.relu(linear(backbone.inner, torch.stack(seen))))


@pytest.mark.parametrize("window", [1, 4, LENGTH])
def test_states_equal_the_plain_reading(window: int) -> None:
    torch.manual_seed(2)
    backbone = Caser(ITEMS, WIDTH, LENGTH, window=window, horizontal=3, vertical=2).eval()
    for parameter in backbone.parameters():
        torch.nn.init.normal_(parameter, std=0.4)
    expected = torch.stack([plain(backbone, history) for history in (LONG, SHORT, [4], OTHER)])
    found = backbone.last_states(rows_of(LONG, SHORT, [4], OTHER))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)


def test_only_the_window_counts_and_a_prefix_is_the_same_in_a_long_row_as_alone() -> None:
    torch.manual_seed(0)
    backbone = Caser(ITEMS, WIDTH, LENGTH, window=3).eval()
    within = backbone.states(rows_of(LONG))
    ends = range(1, len(LONG) + 1)
    alone = backbone.last_states(rows_of(*(LONG[max(0, end - 3) : end] for end in ends)))
    torch.testing.assert_close(within, alone, rtol=1e-4, atol=1e-6)
