"""Dropout keeps each place with the stated probability; that of inputs leaves no vector without a coordinate."""

import pytest
import torch

from sracl.backbones.dropout import dropout, input_dropout


@pytest.mark.parametrize("probability", [0.1, 0.5, 0.9])
def test_places_are_dropped_at_the_rate_and_the_rest_is_scaled(probability: float) -> None:
    torch.manual_seed(0)
    found = dropout(torch.ones(200, 500), probability, training=True)
    kept = found != 0
    deviation = (probability * (1 - probability) / found.numel()) ** 0.5
    assert abs(float(kept.float().mean()) - (1 - probability)) < 5 * deviation
    torch.testing.assert_close(found[kept], torch.full_like(found[kept], 1 / (1 - probability)), rtol=1e-3, atol=0)


def test_outside_of_training_nothing_is_dropped() -> None:
    values = torch.randn(3, 4)
    assert dropout(values, 0.5, training=False) is values
    assert torch.equal(input_dropout(values, 0.5, training=False), values)


def test_no_input_loses_all_of_its_coordinates_and_all_others_are_dropped_as_ever() -> None:
    values = torch.randn(20_000, 3)
    torch.manual_seed(0)
    plain = dropout(values, 0.5, training=True)
    torch.manual_seed(0)
    found = input_dropout(values, 0.5, training=True)
    lost = (plain == 0).all(dim=1)
    assert 0 < int(lost.sum()) < 5_000
    assert torch.equal(found[lost], values[lost])
    assert torch.equal(found[~lost], plain[~lost])


def test_wide_inputs_are_not_looked_at() -> None:
    values = torch.zeros(10, 64)
    assert torch.equal(input_dropout(values, 0.5, training=True), values)
