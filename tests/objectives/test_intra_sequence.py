"""The intra-sequence loss substitutes items by their neighbours, at the stated rate."""

import numpy as np
import torch

from objectives.contract import ITEMS, LearningContract, item_vectors
from sracl.datasets.prefixes import PrefixPool
from sracl.objectives.intra_sequence import IntraSequence
from sracl.semantics.retrieval import Exclusion, nearest
from support.batches import generator, histories_of, whole_batch


class TestIntraSequence(LearningContract):
    def make(self, pool: PrefixPool) -> IntraSequence:
        return IntraSequence(nearest(item_vectors(), 3, Exclusion.itself(ITEMS)), 0.5)


def views(neighbours: np.ndarray, substitution: float, length: int = 20, users: int = 200):
    """Anchors' prefixes, and their first and second views, as flat items."""
    batch = whole_batch(histories_of([length + 1] * users, len(neighbours)), length)
    anchors = batch.rows.last
    drawn = IntraSequence(neighbours, substitution).draw(batch, anchors, generator(4))
    first, second = drawn.rows.items.view(2, -1).unbind(0)
    assert drawn.rows.lengths.tolist() == [length] * users * 2
    return batch.rows.up_to(anchors).items, first, second


def test_items_are_replaced_by_their_own_neighbours_at_the_stated_rate_and_uniformly() -> None:
    neighbours = np.stack([(np.arange(ITEMS) + step) % ITEMS for step in (1, 2, 3, 4)], axis=1).astype(np.int32)
    own, first, second = views(neighbours, 0.2)
    for view in (first, second):
        steps = (view - own) % ITEMS
        assert set(steps.unique().tolist()) == {0, 1, 2, 3, 4}
        count = len(own)
        assert abs(float((steps > 0).float().mean()) - 0.2) < 5 * (0.2 * 0.8 / count) ** 0.5
        for step in (1, 2, 3, 4):
            assert abs(float((steps == step).float().mean()) - 0.05) < 5 * (0.05 * 0.95 / count) ** 0.5


def test_the_two_views_are_drawn_independently() -> None:
    neighbours = ((np.arange(ITEMS) + 1) % ITEMS)[:, None].astype(np.int32)
    own, first, second = views(neighbours, 0.5)
    both = float(((first != own) & (second != own)).float().mean())
    assert abs(both - 0.25) < 5 * (0.25 * 0.75 / len(own)) ** 0.5


def test_an_item_without_neighbours_stays_and_missing_cells_are_never_drawn() -> None:
    neighbours = np.full((ITEMS, 3), -1, dtype=np.int32)
    neighbours[0] = [5, 6, -1]
    own, first, second = views(neighbours, 1.0)
    for view in (first, second):
        assert torch.equal(view[own != 0], own[own != 0])
        assert set(view[own == 0].tolist()) == {5, 6}


def test_a_substitution_of_zero_changes_nothing_and_of_one_everything() -> None:
    neighbours = ((np.arange(ITEMS) + 1) % ITEMS)[:, None].astype(np.int32)
    own, first, _ = views(neighbours, 0.0)
    assert torch.equal(own, first)
    own, first, _ = views(neighbours, 1.0)
    assert torch.equal((own + 1) % ITEMS, first)
