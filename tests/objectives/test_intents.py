"""Intents are the centres that k-means leaves, found alike from alike seeds, and told apart as the paper says."""

import math

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from objectives.contract import ITEMS, KINDS, LENGTH, WIDTH, planted
from sracl.backbones import SASRec
from sracl.datasets.prefixes import PrefixPool
from sracl.objectives import intents
from sracl.objectives.intents import Intents, find_intents, intent_contrast, prefix_states
from support.batches import generator


def backbone_of_kinds(positions: str = "end") -> SASRec:
    """Item vectors of one kind are alike, so that states of users of one kind are."""
    torch.manual_seed(0)
    backbone = SASRec(ITEMS, WIDTH, LENGTH, dropout=0.5, positions=positions)
    with torch.no_grad():
        kinds = torch.arange(ITEMS) * KINDS // ITEMS
        backbone.item_embedding.weight[:ITEMS] = 2 * torch.randn(KINDS, WIDTH)[kinds] + 0.1 * torch.randn(ITEMS, WIDTH)
    return backbone


def test_the_kinds_that_are_planted_are_found() -> None:
    pool, backbone = PrefixPool(planted(), LENGTH), backbone_of_kinds()
    numbers = np.arange(len(pool))
    found = min(
        (find_intents(backbone, pool, numbers, KINDS, generator(seed)) for seed in range(5)),
        key=lambda each: inertia(each, prefix_states(backbone, pool, numbers)),
    )
    assert found.centres.shape == (KINDS, WIDTH)
    of_prefixes = found.of(prefix_states(backbone, pool, numbers)).numpy()
    kinds = pool.users % KINDS
    for kind in range(KINDS):
        assert np.bincount(of_prefixes[kinds == kind]).max() > 0.95 * (kinds == kind).sum()
    assert len(set(of_prefixes.tolist())) == KINDS


def inertia(found: Intents, states: torch.Tensor) -> float:
    return float((states - found.centres[found.of(states)]).square().sum())


def test_rounds_bring_states_nearer_to_their_centres(monkeypatch) -> None:
    pool, backbone = PrefixPool(planted(), LENGTH), backbone_of_kinds()
    numbers = np.arange(len(pool))
    states = prefix_states(backbone, pool, numbers)
    spread = []
    for rounds in (0, 1, 20):
        monkeypatch.setattr(intents, "ROUNDS", rounds)
        spread.append(inertia(find_intents(backbone, pool, numbers, 6, generator(3)), states))
    assert spread[0] > spread[1] >= spread[2]


def test_a_centre_is_the_mean_of_the_states_nearest_to_it() -> None:
    pool, backbone = PrefixPool(planted(), LENGTH), backbone_of_kinds()
    numbers = np.arange(len(pool))
    states = prefix_states(backbone, pool, numbers)
    found = find_intents(backbone, pool, numbers, KINDS, generator())
    distances = torch.cdist(states.double(), found.centres.double())
    assert torch.equal(found.of(states), distances.argmin(dim=1))
    for number in found.of(states).unique():
        mean = states[found.of(states) == number].mean(dim=0)
        torch.testing.assert_close(found.centres[number], mean, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(found.vectors(torch.arange(KINDS)).norm(dim=1), torch.ones(KINDS))


def test_equal_seeds_find_equal_intents_and_nothing_else_is_drawn_or_changed() -> None:
    pool, backbone = PrefixPool(planted(), LENGTH), backbone_of_kinds().train()
    numbers = np.arange(len(pool))
    torch.manual_seed(7)
    one, other = (find_intents(backbone, pool, numbers, KINDS, generator(5)) for _ in range(2))
    drawn = torch.rand(3)
    torch.manual_seed(7)
    assert torch.equal(drawn, torch.rand(3))
    assert torch.equal(one.centres, other.centres)
    assert backbone.training
    assert not one.centres.requires_grad


def test_states_are_those_of_the_prefixes_in_blocks_of_any_size(monkeypatch) -> None:
    # Counted from the end, a prefix's positions depend on the row that it shares with others of its block.
    pool, backbone = PrefixPool(planted(6, 5), LENGTH), backbone_of_kinds("start")
    numbers = np.array([0, 3, 4, 12, 13, 29])
    whole = prefix_states(backbone, pool, numbers)
    monkeypatch.setattr(intents, "BLOCK", 2)
    torch.testing.assert_close(prefix_states(backbone, pool, numbers), whole, rtol=1e-4, atol=1e-5)


def test_fewer_prefixes_than_intents_are_an_intent_each() -> None:
    pool, backbone = PrefixPool(planted(2, 2), LENGTH), backbone_of_kinds()
    numbers = np.arange(len(pool))
    found = find_intents(backbone, pool, numbers, 256, generator())
    assert found.centres.shape == (len(pool), WIDTH)
    assert len(found.of(prefix_states(backbone, pool, numbers)).unique()) == len(pool)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), max_size=6), st.integers(0, 1000))
def test_the_contrast_is_the_papers_sum_without_the_same_intents(pairs: list[tuple[int, int]], seed: int) -> None:
    draw = generator(seed)
    views, centres = torch.randn(len(pairs), 5, generator=draw), torch.randn(3, 5, generator=draw)
    users, numbers = (torch.tensor([pair[part] for pair in pairs], dtype=torch.long) for part in (0, 1))
    losses = []
    for v, (user, number) in enumerate(pairs):
        own = float(views[v] @ centres[number]) / 0.5
        others = [
            float(views[v] @ centres[other]) / 0.5
            for other_user, other in pairs
            if other_user != user and other != number
        ]
        losses.append(math.log(sum(math.exp(score) for score in [own, *others])) - own)
    expected = sum(losses) / len(losses) if losses else 0.0
    found = float(intent_contrast(views, centres[numbers], users, numbers, 0.5))
    assert math.isclose(found, expected, rel_tol=1e-4, abs_tol=1e-5)
