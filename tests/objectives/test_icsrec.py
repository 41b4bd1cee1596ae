"""ICSRec contrasts prefixes of one target, and each prefix with its intent."""

import pytest
import torch

from objectives.contract import ITEMS, KINDS, LENGTH, WIDTH, LearningContract, planted
from reference import contrast
from sracl.backbones import SASRec
from sracl.datasets.prefixes import PrefixPool
from sracl.errors import SraclError
from sracl.objectives.anchors import draw_anchors
from sracl.objectives.context import ObjectiveContext
from sracl.objectives.icsrec import ICSRec
from support.batches import generator, whole_batch


def icsrec(histories, **settings: float) -> ICSRec:
    return ICSRec.of(ObjectiveContext(ITEMS, WIDTH, LENGTH, histories), intents=KINDS, **settings)


class TestICSRec(LearningContract):
    def make(self, pool: PrefixPool) -> ICSRec:
        return icsrec(pool.sequences)


def test_the_loss_is_the_sum_of_its_parts_without_false_negatives() -> None:
    histories = planted(12)
    objective, batch = icsrec(histories, coarse=0.7, fine=0.4, temperature=0.5), whole_batch(histories, LENGTH)
    objective.begin_epoch(SASRec(ITEMS, WIDTH, LENGTH), 1, generator())
    anchors = draw_anchors(batch, 2, generator())
    drawn = objective.draw(batch, anchors, generator(1))
    states, encoded = torch.randn(2, len(anchors), WIDTH).unbind(0)
    users, targets = drawn.users.tolist(), batch.targets[anchors].tolist()
    assert len(set(targets)) < len(targets)
    expected = 0.7 * contrast.info_nce(states, encoded, users, targets, temperature=0.5)
    for vectors, owners in ((states, users), (encoded, drawn.other_users.tolist())):
        nearest = torch.cdist(vectors, objective.intents.centres).argmin(dim=1)
        centres = torch.nn.functional.normalize(objective.intents.centres[nearest], dim=1)
        expected += 0.4 * contrast.info_nce(vectors, centres, owners, nearest.tolist(), temperature=0.5)
    found = objective.loss(states, encoded, drawn)
    torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float32), rtol=1e-4, atol=1e-5)


def test_the_other_prefix_has_the_anchors_target() -> None:
    histories = planted(12)
    objective, batch = icsrec(histories), whole_batch(histories, LENGTH)
    anchors = draw_anchors(batch, None, generator())
    drawn = objective.draw(batch, anchors, generator(1))
    led_to = {
        (user, end): int(history[end]) for user, history in enumerate(histories) for end in range(1, len(history))
    }
    for number, target in enumerate(batch.targets[anchors].tolist()):
        row = drawn.rows.chosen(torch.tensor([number])).items.tolist()
        own = histories[int(drawn.other_users[number])].tolist()
        ends = [end for (user, end), item in led_to.items() if item == target and user == drawn.other_users[number]]
        assert any(own[:end] == row for end in ends)


def test_a_step_before_the_first_epoch_says_what_is_missing() -> None:
    histories = planted(4)
    objective, batch = icsrec(histories), whole_batch(histories, LENGTH)
    drawn = objective.draw(batch, batch.rows.last, generator())
    with pytest.raises(SraclError, match="call `begin_epoch` first"):
        objective.loss(torch.randn(4, WIDTH), torch.randn(4, WIDTH), drawn)
