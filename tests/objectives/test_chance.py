"""Chance gives every allowed neighbour the same share, and no other."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from objectives.contract import ITEMS, WIDTH, ContrastiveContract
from sracl.datasets.prefixes import PrefixPool
from sracl.objectives.chance import AnyItems, AnyPrefixes
from sracl.objectives.cross_sequence import CrossSequence
from sracl.objectives.intra_sequence import IntraSequence
from sracl.semantics.retrieval import Exclusion
from support.batches import generator, unit_vectors


def same_owner(pool: PrefixPool) -> Exclusion:
    return Exclusion.same_owner(pool.sequences.offsets)


class TestCrossSequenceWithRandomNeighbours(ContrastiveContract):
    def make(self, pool: PrefixPool) -> CrossSequence:
        return CrossSequence(pool, AnyPrefixes(same_owner(pool), 4), unit_vectors(len(pool), 12), WIDTH)


class TestCrossSequenceWithEqualWeights(ContrastiveContract):
    def make(self, pool: PrefixPool) -> CrossSequence:
        neighbours = AnyPrefixes(same_owner(pool), 4)
        return CrossSequence(pool, neighbours, unit_vectors(len(pool), 12), WIDTH, synthesis="mean")


class TestIntraSequenceWithAnyItems(ContrastiveContract):
    def make(self, pool: PrefixPool) -> IntraSequence:
        return IntraSequence(AnyItems(ITEMS), 0.5)


@settings(deadline=None)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=8), st.integers(1, 4), st.integers(0, 2**31))
def test_no_prefix_gets_an_excluded_one(lengths: list[int], k: int, seed: int) -> None:
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    exclusion = Exclusion.same_owner(offsets)
    count = len(exclusion.begins)
    found = AnyPrefixes(exclusion, k).of(torch.arange(count), generator(seed))
    assert found.shape == (count, k)
    owner = np.repeat(np.arange(len(lengths)), lengths)
    for number, row in enumerate(found.tolist()):
        others = {other for other in range(count) if owner[other] != owner[number]}
        assert set(row) <= others if others else set(row) == {-1}


def test_allowed_prefixes_come_equally_often() -> None:
    exclusion = Exclusion.same_owner(np.array([0, 3, 5, 9]))
    found = AnyPrefixes(exclusion, 6000).of(torch.tensor([4]), generator())
    counts = np.bincount(found[0].numpy(), minlength=9)
    assert not counts[3:5].any()
    assert chisquare(counts[[0, 1, 2, 5, 6, 7, 8]]).pvalue > 1e-4


def test_other_items_come_equally_often_and_never_the_item_itself() -> None:
    found = AnyItems(8).of(torch.full((7000,), 3), torch.rand(7000, generator=generator()))
    counts = np.bincount(found.numpy(), minlength=8)
    assert counts[3] == 0
    assert chisquare(np.delete(counts, 3)).pvalue > 1e-4


@pytest.mark.parametrize("chance", [0.0, float(np.nextafter(np.float32(1), np.float32(0)))])
def test_the_ends_of_chance_give_known_items(chance: float) -> None:
    items = torch.arange(1000)
    found = AnyItems(1000).of(items, torch.full((1000,), chance))
    assert ((found >= 0) & (found < 1000) & (found != items)).all()
    assert AnyItems(1).of(torch.tensor([0]), torch.tensor([chance])).tolist() == [0]
