"""Losses so far are means over targets, read where they are looked at."""

import pytest
import torch

from sracl.training.watching import Silent, SoFar, Watcher


def test_losses_so_far_are_means_that_later_steps_do_not_change() -> None:
    sums = {"next_item": torch.tensor(6.0), "cross_sequence": torch.tensor(3.0)}
    so_far = SoFar(sums, 4)
    sums["next_item"] = sums["next_item"] + 10
    sums["later"] = torch.tensor(1.0)
    assert dict(so_far) == {"next_item": 1.5, "cross_sequence": 0.75}
    assert len(so_far) == 2
    with pytest.raises(KeyError):
        so_far["later"]


def test_who_says_nothing_is_a_watcher() -> None:
    assert isinstance(Silent(), Watcher)
