"""CoSeRec substitutes and inserts correlated items beside CL4SRec's operators."""

import numpy as np
import torch

from objectives.contract import ITEMS, LENGTH, WIDTH, LearningContract, planted
from reference import contrast
from sracl.backbones import SASRec
from sracl.datasets.prefixes import PrefixPool
from sracl.objectives.anchors import draw_anchors
from sracl.objectives.context import ObjectiveContext
from sracl.objectives.correlations import by_co_occurrence, by_vectors
from sracl.objectives.coserec import CoSeRec
from sracl.semantics.index import SemanticIndex
from sracl.semantics.retrieval import Exclusion, nearest
from support.batches import generator, histories_of, unit_vectors, whole_batch


def context(histories, semantic: SemanticIndex | None = None) -> ObjectiveContext:
    return ObjectiveContext(ITEMS, WIDTH, LENGTH, histories, semantic)


class TestCoSeRec(LearningContract):
    highest = ITEMS

    def make(self, pool: PrefixPool) -> CoSeRec:
        return CoSeRec.of(context(pool.sequences))


class TestCoSeRecByVectorsToo(LearningContract):
    highest = ITEMS

    def make(self, pool: PrefixPool) -> CoSeRec:
        return CoSeRec.of(context(pool.sequences), warm_up=0)


def only(**share: float) -> dict[str, float]:
    """Shares of which one alone is above 0; of short rows and long ones the same operators."""
    return {"crop": 1.0, "mask": 0.0, "reorder": 0.0, "substitute": 0.0, "insert": 0.0} | share


def test_the_loss_is_info_nce_between_the_views() -> None:
    histories = histories_of([2, 9, 5, 7], ITEMS)
    objective, batch = CoSeRec.of(context(histories), temperature=2.0), whole_batch(histories, LENGTH)
    drawn = objective.draw(batch, draw_anchors(batch, 2, generator()), generator(1))
    encoded = torch.randn(len(drawn.rows), WIDTH)
    first, second = encoded[: len(encoded) // 2], encoded[len(encoded) // 2 :]
    expected = contrast.info_nce(first, second, drawn.users.tolist(), temperature=2.0)
    found = objective.loss(torch.empty(0, WIDTH), encoded, drawn)
    torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float32), rtol=1e-5, atol=1e-6)


def test_what_joins_a_view_is_a_partner_of_what_is_in_the_prefix() -> None:
    histories = planted(users=12)
    partners = by_co_occurrence(histories, ITEMS).items
    objective, batch = (
        CoSeRec.of(context(histories), **only(substitute=0.4, insert=0.4)),
        whole_batch(histories, LENGTH),
    )
    anchors = draw_anchors(batch, None, generator())
    rows, prefixes = objective.draw(batch, anchors, generator(1)).rows, batch.rows.up_to(anchors)
    joined = 0
    for number in range(2 * len(anchors)):
        own = prefixes.chosen(torch.tensor([number % len(anchors)])).items
        drawn = set(rows.chosen(torch.tensor([number])).items.tolist())
        assert drawn <= set(own.tolist()) | set(partners[own].tolist())
        joined += len(drawn - set(own.tolist()))
    assert joined > len(anchors) / 4


def test_short_rows_are_neither_cropped_nor_reordered() -> None:
    histories = histories_of([4] * 20, ITEMS)
    objective = CoSeRec.of(context(histories), **only(crop=0.0, reorder=1.0), longest_short=LENGTH)
    batch = whole_batch(histories, LENGTH)
    anchors = batch.rows.last
    rows = objective.draw(batch, anchors, generator(1)).rows
    assert int(rows.lengths.min()) == 3


def test_learned_partners_join_after_the_warm_up_where_they_are_the_surer() -> None:
    histories = planted()
    torch.manual_seed(0)
    backbone = SASRec(ITEMS, WIDTH, LENGTH)
    objective = CoSeRec.of(context(histories), warm_up=2)
    before = objective.augment.operators[1].operators[3].partners
    assert torch.equal(before, by_co_occurrence(histories, ITEMS).items)
    objective.begin_epoch(backbone, 2, generator())
    assert objective.augment.operators[1].operators[3].partners is before
    objective.begin_epoch(backbone, 3, generator())
    after = objective.augment.operators[1].operators[3].partners
    learned = by_vectors(backbone.item_table).items
    assert ((after == before) | (after == learned)).all()
    assert 0 < int((after != before).sum()) < ITEMS


def test_partners_may_be_the_nearest_by_text() -> None:
    histories = planted()
    pool, neighbours = PrefixPool(histories, LENGTH), nearest(unit_vectors(ITEMS, 6), 3, Exclusion.itself(ITEMS))
    of_prefixes = np.full((len(pool), 3), -1, dtype=np.int32)
    index = SemanticIndex(pool, unit_vectors(len(pool), 6), neighbours, of_prefixes)
    objective = CoSeRec.of(context(histories, index), correlation="semantic")
    assert objective.partners.items.tolist() == neighbours[:, 0].tolist()
    assert CoSeRec.needs(correlation="semantic") == {"semantic"}
    assert not CoSeRec.needs()
