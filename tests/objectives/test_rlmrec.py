"""RLMRec has states and item vectors find their own text among the step's."""

import numpy as np
import pytest
import torch

from objectives.contract import ITEMS, LENGTH, WIDTH, LearningContract, item_vectors, planted, prefix_vectors
from sracl.datasets.prefixes import PrefixPool
from sracl.errors import InputError
from sracl.objectives.anchors import draw_anchors
from sracl.objectives.context import ObjectiveContext
from sracl.objectives.rlmrec import RLMRec, alignment
from sracl.semantics.index import SemanticIndex
from support.batches import generator, whole_batch


def rlmrec(pool: PrefixPool, item_embeddings: np.ndarray | None, **settings: float) -> RLMRec:
    nobody = np.full((ITEMS, 1), -1, dtype=np.int32), np.full((len(pool), 1), -1, dtype=np.int32)
    index = SemanticIndex(pool, prefix_vectors(pool), *nobody, item_embeddings)
    return RLMRec.of(ObjectiveContext(ITEMS, WIDTH, LENGTH, pool.sequences, index), **settings)


class TestRLMRec(LearningContract):
    chance = False
    reads_rows = False

    def make(self, pool: PrefixPool) -> RLMRec:
        return rlmrec(pool, item_vectors())


def plain_alignment(vectors: torch.Tensor, texts: torch.Tensor, owners: list[int], temperature: float) -> float:
    """The paper's sum, one similarity at a time."""
    total = 0.0
    for v, vector in enumerate(vectors):
        scores = {
            w: float(torch.cosine_similarity(vector, text, dim=0)) / temperature
            for w, text in enumerate(texts)
            if w == v or owners[w] != owners[v]
        }
        total -= scores[v] - float(np.log(sum(np.exp(score) for score in scores.values())))
    return total / len(vectors)


def test_the_loss_is_that_of_the_paper_without_the_same_users_texts() -> None:
    histories = planted(12)
    pool, batch = PrefixPool(histories, LENGTH), whole_batch(histories, LENGTH)
    objective = rlmrec(pool, item_vectors(), temperature=0.5)
    anchors = draw_anchors(batch, 2, generator())
    drawn = objective.draw(batch, anchors, generator(1))
    states, encoded = torch.randn(len(anchors), WIDTH), torch.randn(drawn.wanted, WIDTH)
    users = batch.users[batch.rows.owner[anchors]]
    numbers = pool.number(users.numpy(), batch.positions[anchors].numpy())
    following = sorted(set(batch.targets[anchors].tolist()))
    with torch.no_grad():
        of_prefixes = objective.mapping(torch.from_numpy(prefix_vectors(pool)[numbers]))
        of_items = objective.mapping(torch.from_numpy(item_vectors()[following]))
        found = objective.loss(states, encoded, drawn)
    expected = plain_alignment(states, of_prefixes, users.tolist(), 0.5)
    expected += plain_alignment(encoded, of_items, following, 0.5)
    torch.testing.assert_close(float(found), expected, rtol=1e-5, atol=1e-5)


def test_what_it_wants_beside_the_anchors_are_the_items_that_follow_them() -> None:
    histories = planted(12)
    batch = whole_batch(histories, LENGTH)
    anchors = draw_anchors(batch, 1, generator())
    drawn = rlmrec(PrefixPool(histories, LENGTH), item_vectors()).draw(batch, anchors, generator())
    assert len(drawn.rows) == 0
    assert drawn.items.tolist() == sorted(set(batch.targets[anchors].tolist()))


def test_texts_that_agree_with_their_vectors_cost_little_and_others_much() -> None:
    texts, owners = torch.eye(6), torch.arange(6)
    assert float(alignment(texts, texts, owners, 0.1)) < 0.01
    assert float(alignment(texts, texts.roll(1, 0), owners, 0.1)) > 5


def test_an_index_without_the_items_embeddings_is_refused() -> None:
    with pytest.raises(InputError, match="rlmrec needs the embeddings of the items' texts"):
        rlmrec(PrefixPool(planted(4), LENGTH), None)
