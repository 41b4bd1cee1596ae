"""DuoRec contrasts a prefix under another dropout with a prefix of the same target."""

import torch

from objectives.contract import ITEMS, LENGTH, WIDTH, LearningContract, planted
from reference import contrast
from sracl.backbones import SASRec
from sracl.datasets.prefixes import PrefixPool
from sracl.objectives.anchors import draw_anchors
from sracl.objectives.context import ObjectiveContext
from sracl.objectives.duorec import DuoRec
from support.batches import generator, whole_batch


def duorec(histories, **settings: float) -> DuoRec:
    return DuoRec.of(ObjectiveContext(ITEMS, WIDTH, LENGTH, histories), **settings)


class TestDuoRec(LearningContract):
    def make(self, pool: PrefixPool) -> DuoRec:
        return duorec(pool.sequences)


def drawn_on(histories):
    objective, batch = duorec(histories, temperature=0.5), whole_batch(histories, LENGTH)
    anchors = draw_anchors(batch, 2, generator())
    return objective, batch, anchors, objective.draw(batch, anchors, generator(1))


def test_the_loss_is_that_of_the_paper_without_the_same_users_vectors() -> None:
    objective, _, anchors, drawn = drawn_on(planted(12))
    encoded = torch.randn(2 * len(anchors), WIDTH)
    first, second = encoded[: len(anchors)], encoded[len(anchors) :]
    expected = contrast.info_nce(first, second, drawn.users.tolist(), temperature=0.5)
    found = objective.loss(torch.empty(0, WIDTH), encoded, drawn)
    torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float32), rtol=1e-5, atol=1e-6)


def test_the_prefix_itself_is_read_again_beside_one_of_its_target() -> None:
    _, batch, anchors, drawn = drawn_on(planted(12))
    own, count = batch.rows.up_to(anchors), len(anchors)
    first, second = (drawn.rows.chosen(torch.arange(count) + count * half) for half in (0, 1))
    assert torch.equal(first.items, own.items)
    assert torch.equal(first.lengths, own.lengths)
    assert not torch.equal(second.items[: len(own.items)], own.items)


def test_the_prefix_that_is_read_again_has_a_dropout_of_its_own() -> None:
    torch.manual_seed(0)
    backbone = SASRec(ITEMS, WIDTH, LENGTH, dropout=0.5).train()
    _, batch, anchors, drawn = drawn_on(planted(12))
    states = backbone.states_at(batch.rows, anchors)
    again = backbone.states_at(drawn.rows, drawn.places)[: len(anchors)]
    assert not torch.allclose(states, again, atol=0.1)
