"""The learned weights of neighbours."""

import pytest
import torch
from torch.nn import functional

from sracl.objectives.synthesis import Mean, Synthesis


def example(dropout: float = 0.5) -> tuple[Synthesis, torch.Tensor, torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    present = torch.tensor([[True, True, True], [True, False, False], [True, True, False]])
    return Synthesis(12, 6, dropout), torch.randn(3, 12), torch.randn(3, 3, 12), present


def test_weights_follow_the_papers_equations() -> None:
    synthesis, anchors, neighbours, present = example()
    weights = synthesis.eval()(anchors, neighbours, present, present)
    for row in range(3):
        query = anchors[row] @ synthesis.projection
        scores = torch.stack(
            [
                synthesis.attention @ torch.cat([query, neighbour @ synthesis.projection])
                for neighbour, there in zip(neighbours[row], present[row], strict=True)
                if there
            ]
        )
        expected = torch.softmax(functional.leaky_relu(scores, 0.2), dim=0)
        torch.testing.assert_close(weights[row][present[row]], expected)


def test_weights_of_what_is_present_sum_to_one_and_the_rest_is_zero() -> None:
    synthesis, anchors, neighbours, present = example()
    weights = synthesis.eval()(anchors, neighbours, present, present)
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(3))
    assert not weights[~present].any()


def test_dropped_weights_are_zero_and_kept_ones_are_scaled_up() -> None:
    """So that the expectation over draws is the weight without dropout."""
    synthesis, anchors, neighbours, present = example(dropout=0.25)
    whole = synthesis.eval()(anchors, neighbours, present, present)
    kept = torch.tensor([[True, False, True], [True, False, False], [False, True, False]])
    weights = synthesis.train()(anchors, neighbours, present, kept)
    torch.testing.assert_close(weights, whole * kept / 0.75)


def test_both_parameters_learn() -> None:
    synthesis, anchors, neighbours, present = example()
    weights = synthesis(anchors, neighbours, present, present)
    (weights * torch.randn(3, 3)).sum().backward()
    assert synthesis.projection.grad.any()
    assert synthesis.attention.grad.any()


@pytest.mark.parametrize("dimension", [4, 384, 1024])
def test_the_embeddings_width_comes_from_the_data(dimension: int) -> None:
    synthesis = Synthesis(dimension, 6)
    present = torch.ones(2, 3, dtype=torch.bool)
    assert synthesis(torch.randn(2, dimension), torch.randn(2, 3, dimension), present, present).shape == (2, 3)


def test_the_mean_gives_all_that_are_present_the_same_weight_and_drops_as_the_learned_weights_do() -> None:
    _, anchors, neighbours, present = example()
    mean = Mean(0.25)
    third = torch.tensor([[1 / 3, 1 / 3, 1 / 3], [1, 0, 0], [1 / 2, 1 / 2, 0]])
    torch.testing.assert_close(mean.eval()(anchors, neighbours, present, present), third)
    kept = torch.tensor([[True, False, True], [False, False, False], [True, True, False]])
    torch.testing.assert_close(mean.train()(anchors, neighbours, present, kept), third * kept / 0.75)
    assert not list(mean.parameters())
