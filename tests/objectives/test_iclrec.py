"""ICLRec contrasts views with intents, which are found anew before every epoch, and with each other."""

import pytest
import torch

from objectives.contract import ITEMS, KINDS, LENGTH, WIDTH, LearningContract, planted
from reference import contrast
from sracl.backbones import SASRec
from sracl.datasets.prefixes import PrefixPool
from sracl.errors import SraclError
from sracl.objectives.anchors import draw_anchors
from sracl.objectives.context import ObjectiveContext
from sracl.objectives.iclrec import ICLRec
from sracl.objectives.intents import intent_contrast, prefix_states
from support.batches import generator, whole_batch


def iclrec(histories, **settings: float) -> ICLRec:
    return ICLRec.of(ObjectiveContext(ITEMS, WIDTH, LENGTH, histories), intents=KINDS, **settings)


class TestICLRec(LearningContract):
    highest = ITEMS

    def make(self, pool: PrefixPool) -> ICLRec:
        return iclrec(pool.sequences)


class TestICLRecByIntentsAlone(LearningContract):
    highest = ITEMS

    def make(self, pool: PrefixPool) -> ICLRec:
        return iclrec(pool.sequences, sequence=0.0)


def test_the_loss_is_the_sum_of_its_parts() -> None:
    histories = planted(12)
    objective, batch = iclrec(histories, intent=0.7, sequence=0.4, temperature=0.5), whole_batch(histories, LENGTH)
    objective.begin_epoch(SASRec(ITEMS, WIDTH, LENGTH), 1, generator())
    anchors = draw_anchors(batch, 2, generator())
    drawn = objective.draw(batch, anchors, generator(1))
    states, encoded = torch.randn(len(anchors), WIDTH), torch.randn(2 * len(anchors), WIDTH)
    views = encoded[: len(anchors)], encoded[len(anchors) :]
    nearest = torch.cdist(states, objective.intents.centres).argmin(dim=1)
    centres = torch.nn.functional.normalize(objective.intents.centres[nearest], dim=1)
    of_intents = sum(float(intent_contrast(view, centres, drawn.users, nearest, 0.5)) for view in views) / 2
    expected = 0.7 * of_intents + 0.4 * contrast.info_nce(*views, drawn.users.tolist(), temperature=0.5)
    found = objective.loss(states, encoded, drawn)
    torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float32), rtol=1e-4, atol=1e-5)


def test_intents_are_centres_of_the_users_whole_histories() -> None:
    histories = planted(KINDS)
    objective = iclrec(histories)
    torch.manual_seed(0)
    backbone = SASRec(ITEMS, WIDTH, LENGTH)
    objective.begin_epoch(backbone, 1, generator())
    pool = PrefixPool(histories, LENGTH)
    states = prefix_states(backbone, pool, histories.offsets[1:] - 1)
    # As many users as intents: every history is one.
    nearest = torch.cdist(states, objective.intents.centres)
    assert float(nearest.min(dim=1).values.max()) < 1e-4


def test_a_step_before_the_first_epoch_says_what_is_missing() -> None:
    histories = planted(4)
    objective, batch = iclrec(histories), whole_batch(histories, LENGTH)
    drawn = objective.draw(batch, batch.rows.last, generator())
    with pytest.raises(SraclError, match="call `begin_epoch` first"):
        objective.loss(torch.randn(4, WIDTH), torch.randn(8, WIDTH), drawn)
