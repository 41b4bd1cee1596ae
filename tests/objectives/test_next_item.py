"""The next-item loss counts the places with a target and no others."""

import torch
from torch.nn import functional

from sracl.objectives.next_item import next_item_loss


def test_it_is_the_mean_cross_entropy_over_the_places_with_a_target() -> None:
    torch.manual_seed(0)
    states, table = torch.randn(6, 4), torch.randn(9, 4)
    targets = torch.tensor([3, -1, 8, 0, -1, 2])
    places = torch.tensor([0, 2, 3, 5])
    expected = functional.cross_entropy(states[places] @ table.T, targets[places])
    torch.testing.assert_close(next_item_loss(states, table, targets, places), expected)
