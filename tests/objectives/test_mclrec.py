"""MCLRec contrasts views with what augmenters make of them, and keeps these from becoming too much alike."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from objectives.contract import ITEMS, LENGTH, WIDTH, LearningContract
from reference import contrast
from sracl.datasets.prefixes import PrefixPool
from sracl.objectives.anchors import draw_anchors
from sracl.objectives.mclrec import Augmenter, MCLRec, regulariser
from support.batches import generator, histories_of, whole_batch


class TestMCLRec(LearningContract):
    highest = ITEMS

    def make(self, pool: PrefixPool) -> MCLRec:
        return MCLRec(ITEMS, WIDTH)


def plain_regulariser(first: torch.Tensor, second: torch.Tensor, users: list[int], temperature: float) -> float:
    """The paper's two sums, one similarity at a time."""
    vectors, owners, count = torch.cat([first, second]).detach().double(), users + users, len(first)
    above, below = [], []
    for v in range(2 * count):
        positive = float(vectors[v] @ vectors[(v + count) % (2 * count)]) / temperature
        negatives = [float(vectors[v] @ vectors[w]) / temperature for w in range(2 * count) if owners[w] != owners[v]]
        if negatives:
            lowest, highest = min(positive, max(negatives)), max(positive, max(negatives))
            above.append(max(positive - lowest, 0.0))
            below += [max(highest - negative, 0.0) for negative in negatives]
    return sum(above) / len(above) + sum(below) / len(below) if above else 0.0


@given(st.lists(st.integers(0, 3), max_size=6), st.integers(0, 1000), st.sampled_from([0.5, 1.0]))
def test_the_regulariser_is_the_papers(users: list[int], seed: int, temperature: float) -> None:
    first, second = torch.randn(2, len(users), 5, generator=generator(seed)).unbind(0)
    found = regulariser(first, second, torch.tensor(users, dtype=torch.long), temperature)
    assert float(found) == pytest.approx(plain_regulariser(first, second, users, temperature), rel=1e-4, abs=1e-5)


def step(**settings: float):
    torch.manual_seed(2)
    objective = MCLRec(ITEMS, WIDTH, **settings)
    batch = whole_batch(histories_of([2, 9, 5, 7, 6], ITEMS), LENGTH)
    anchors = draw_anchors(batch, 2, generator())
    drawn = objective.draw(batch, anchors, generator(1))
    encoded = torch.randn(2 * len(anchors), WIDTH, requires_grad=True)
    return objective, drawn, encoded, (encoded[: len(anchors)], encoded[len(anchors) :])


def test_the_loss_is_the_sum_of_its_parts() -> None:
    objective, drawn, encoded, (h1, h2) = step(views=0.3, meta=0.5, gamma=0.2, temperature=0.7)
    z1, z2 = objective.augmenters[0](h1), objective.augmenters[1](h2)
    users = drawn.users.tolist()
    pairs = [(z1, z2), (h1, z2), (h2, z1)]
    learned = sum(contrast.info_nce(*pair, users, temperature=0.7) for pair in pairs)
    kept_apart = sum(plain_regulariser(*pair, users, 0.7) for pair in pairs)
    expected = 0.3 * contrast.info_nce(h1, h2, users, temperature=0.7) + 0.5 * (learned + 0.2 * kept_apart)
    found = objective.loss(torch.empty(0, WIDTH), encoded, drawn).detach()
    torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float32), rtol=1e-4, atol=1e-5)


def test_one_backward_pass_gives_each_its_gradients_with_the_other_fixed() -> None:
    """As the paper's two stages do at equal weights."""
    objective, drawn, encoded, _ = step(gamma=0.0)
    objective.loss(torch.empty(0, WIDTH), encoded, drawn).backward()
    together = [parameter.grad.clone() for parameter in objective.augmenters.parameters()]
    objective.zero_grad()
    objective.loss(torch.empty(0, WIDTH), encoded.detach(), drawn).backward()
    for one, parameter in zip(together, objective.augmenters.parameters(), strict=True):
        torch.testing.assert_close(one, parameter.grad)
    of_encoder = encoded.grad.clone()
    encoded.grad = None
    for parameter in objective.augmenters.parameters():
        parameter.requires_grad_(False)
    objective.loss(torch.empty(0, WIDTH), encoded, drawn).backward()
    torch.testing.assert_close(of_encoder, encoded.grad)


def test_an_augmenter_is_three_layers_and_gives_unit_vectors() -> None:
    augmenter = Augmenter(16)
    assert [layer.out_features for layer in augmenter.layers if hasattr(layer, "out_features")] == [8, 4, 16]
    torch.testing.assert_close(augmenter(torch.randn(5, 16)).norm(dim=1), torch.ones(5))
    assert Augmenter(1)(torch.randn(2, 1)).shape == (2, 1)
