"""LLM-ESR's self-distillation is the squared distance to the mean of the neighbours, which do not learn."""

import torch

from objectives.contract import ITEMS, LENGTH, WIDTH, ContrastiveContract, prefix_vectors
from sracl.datasets.prefixes import PrefixPool
from sracl.objectives.anchors import draw_anchors
from sracl.objectives.context import ObjectiveContext
from sracl.objectives.llmesr_distillation import LLMESRDistillation
from sracl.semantics.index import SemanticIndex
from sracl.semantics.retrieval import Exclusion, nearest
from support.batches import generator, histories_of, unit_vectors, whole_batch


class TestLLMESRDistillation(ContrastiveContract):
    """Not what it learns alone: nothing keeps vectors apart then, and all become alike."""

    chance = False
    teaches = "anchors"

    def make(self, pool: PrefixPool) -> LLMESRDistillation:
        embeddings = prefix_vectors(pool)
        neighbours = nearest(embeddings, 3, Exclusion.same_owner(pool.sequences.offsets))
        return LLMESRDistillation(pool, neighbours, embeddings, WIDTH)


def made():
    pool = PrefixPool(histories_of([2, 3, 9, 5, 7, 4, 6], ITEMS), LENGTH)
    embeddings = unit_vectors(len(pool), 6)
    neighbours = nearest(embeddings, 3, Exclusion.same_owner(pool.sequences.offsets))
    neighbours[::4, 1:] = -1
    neighbours[5] = -1
    index = SemanticIndex(pool, embeddings, nearest(unit_vectors(ITEMS, 6), 3, Exclusion.itself(ITEMS)), neighbours)
    objective = LLMESRDistillation.of(ObjectiveContext(ITEMS, WIDTH, LENGTH, pool.sequences, index)).train()
    batch = whole_batch(pool.sequences, LENGTH)
    anchors = draw_anchors(batch, None, generator())
    return objective, neighbours, pool, batch, anchors, objective.draw(batch, anchors, generator(1))


def test_the_loss_and_its_gradient_are_those_of_the_formula() -> None:
    objective, neighbours, pool, batch, anchors, drawn = made()
    states = torch.randn(len(anchors), WIDTH, requires_grad=True)
    encoded = torch.randn(len(drawn.places), WIDTH, requires_grad=True)
    loss = objective.loss(states, encoded, drawn)
    loss.backward()
    assert encoded.grad is None or not encoded.grad.any()
    users = batch.users[batch.rows.owner[anchors]].numpy()
    numbers = pool.number(users, batch.positions[anchors].numpy())
    expected, seen, used = 0.0, 0, 0
    plain = states.detach().clone().requires_grad_()
    for anchor, number in enumerate(numbers):
        count = int((neighbours[number] >= 0).sum())
        if count:
            teacher = encoded[seen : seen + count].detach().mean(dim=0)
            expected = expected + (plain[anchor] - teacher).square().sum() / WIDTH
            seen, used = seen + count, used + 1
    assert seen == len(encoded)
    expected = expected / used
    expected.backward()
    torch.testing.assert_close(loss.detach(), expected.detach())
    torch.testing.assert_close(states.grad, plain.grad)


def test_what_is_read_are_the_neighbours_prefixes() -> None:
    _, neighbours, pool, batch, anchors, drawn = made()
    users = batch.users[batch.rows.owner[anchors]].numpy()
    found = neighbours[pool.number(users, batch.positions[anchors].numpy())]
    expected = pool.items(found[found >= 0].astype("int64"))
    read = drawn.rows.up_to(drawn.places)
    for own, there in zip(read.items.split(read.lengths.tolist()), expected, strict=True):
        assert own.tolist() == there.tolist()[-len(own) :]
