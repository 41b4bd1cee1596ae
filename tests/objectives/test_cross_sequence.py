"""The cross-sequence loss draws survivors only, and of the right prefixes."""

import numpy as np
import torch

from objectives.contract import ITEMS, LENGTH, WIDTH, LearningContract, prefix_vectors
from sracl.datasets.prefixes import PrefixPool
from sracl.objectives.anchors import draw_anchors
from sracl.objectives.cross_sequence import CrossSequence
from sracl.semantics.retrieval import Exclusion, nearest
from support.batches import generator, histories_of, whole_batch


def cross_sequence(pool: PrefixPool, dropout: float = 0.5, shared: bool = False) -> CrossSequence:
    embeddings = prefix_vectors(pool)
    neighbours = nearest(embeddings, 4, Exclusion.same_owner(pool.sequences.offsets))
    return CrossSequence(pool, neighbours, embeddings, WIDTH, dropout=dropout, shared_rows=shared)


class TestCrossSequence(LearningContract):
    def make(self, pool: PrefixPool) -> CrossSequence:
        return cross_sequence(pool)


class TestCrossSequenceWithSharedRows(LearningContract):
    def make(self, pool: PrefixPool) -> CrossSequence:
        return cross_sequence(pool, shared=True)


def drawn_with(dropout: float, edit=lambda neighbours: None):
    pool = PrefixPool(histories_of([2, 3, 9, 5, 7, 4, 6], ITEMS), LENGTH)
    objective = cross_sequence(pool, dropout)
    edit(objective.neighbours)
    batch = whole_batch(pool.sequences, LENGTH)
    anchors = draw_anchors(batch, None, generator())
    return pool, objective, batch, anchors, objective.draw(batch, anchors, generator(1))


def test_only_survivors_are_encoded_and_they_are_the_retrieved_prefixes() -> None:
    pool, objective, batch, anchors, drawn = drawn_with(0.5)
    assert len(drawn.rows) == int(drawn.kept.sum()) < drawn.kept.numel()
    users = batch.users[batch.rows.owner[anchors]].numpy()
    numbers = pool.number(users, batch.positions[anchors].numpy())
    survivors = objective.neighbours[numbers][drawn.kept.numpy()]
    expected = pool.items(survivors)
    assert drawn.rows.items.tolist() == expected.values.tolist()
    assert drawn.rows.lengths.tolist() == expected.lengths.tolist()
    owners = users[np.nonzero(drawn.kept.numpy())[0]]
    assert (pool.users_of(survivors) != owners).all()


def test_without_dropout_and_in_evaluation_all_neighbours_survive() -> None:
    assert drawn_with(0.0)[-1].kept.all()
    _, objective, batch, anchors, _ = drawn_with(0.5)
    assert objective.eval().draw(batch, anchors, generator(1)).kept.all()


def test_an_anchor_without_neighbours_takes_no_part() -> None:
    def none_for_some(neighbours: np.ndarray) -> None:
        neighbours[::3] = -1

    _, _, _, anchors, drawn = drawn_with(0.0, none_for_some)
    assert 0 < len(drawn.used) < len(anchors)
    assert drawn.present.any(dim=1).all()


def test_the_share_of_survivors_is_what_dropout_leaves() -> None:
    pool = PrefixPool(histories_of([20] * 60, ITEMS), LENGTH)
    objective = cross_sequence(pool, 0.3).train()
    batch = whole_batch(pool.sequences, LENGTH)
    drawn = objective.draw(batch, draw_anchors(batch, None, generator()), generator(1))
    share = float(drawn.kept.float().mean())
    deviation = (0.3 * 0.7 / drawn.kept.numel()) ** 0.5
    assert abs(share - 0.7) < 5 * deviation


def test_the_anchor_itself_is_taught_too() -> None:
    _, objective, _, anchors, drawn = drawn_with(0.5)
    states = torch.randn(len(anchors), WIDTH, requires_grad=True)
    objective.loss(states, torch.randn(len(drawn.places), WIDTH), drawn).backward()
    assert states.grad.any()


def test_shared_rows_hold_the_same_survivors_in_fewer_items() -> None:
    pool = PrefixPool(histories_of([2, 3, LENGTH, 5, 7, 4, 6], ITEMS), LENGTH)
    batch = whole_batch(pool.sequences, LENGTH)
    anchors = draw_anchors(batch, None, generator())
    alone, shared = (cross_sequence(pool, shared=s).draw(batch, anchors, generator(1)) for s in (False, True))
    assert torch.equal(alone.kept, shared.kept)
    assert len(shared.rows.items) < len(alone.rows.items)
    prefixes = shared.rows.up_to(shared.places)
    assert torch.equal(prefixes.items, alone.rows.items)
    assert torch.equal(prefixes.lengths, alone.rows.lengths)
