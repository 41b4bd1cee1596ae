"""CL4SRec contrasts two random views of a prefix."""

import torch

from objectives.contract import ITEMS, LENGTH, WIDTH, LearningContract
from reference import contrast
from sracl.datasets.prefixes import PrefixPool
from sracl.objectives.anchors import draw_anchors
from sracl.objectives.cl4srec import CL4SRec
from support.batches import generator, histories_of, whole_batch


class TestCL4SRec(LearningContract):
    highest = ITEMS

    def make(self, pool: PrefixPool) -> CL4SRec:
        return CL4SRec(ITEMS)


def test_the_loss_is_that_of_the_paper_without_the_same_users_vectors() -> None:
    objective = CL4SRec(ITEMS, temperature=0.5)
    batch = whole_batch(histories_of([2, 9, 5, 7], ITEMS), LENGTH)
    drawn = objective.draw(batch, draw_anchors(batch, 2, generator()), generator(1))
    encoded = torch.randn(len(drawn.rows), WIDTH)
    first, second = encoded[: len(encoded) // 2], encoded[len(encoded) // 2 :]
    expected = contrast.info_nce(first, second, drawn.users.tolist(), temperature=0.5)
    found = objective.loss(torch.empty(0, WIDTH), encoded, drawn)
    torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float32), rtol=1e-5, atol=1e-6)


def test_both_views_of_an_anchor_come_from_its_prefix() -> None:
    objective = CL4SRec(ITEMS)
    batch = whole_batch(histories_of([9, 9, 9], ITEMS), LENGTH)
    anchors = draw_anchors(batch, None, generator())
    rows = objective.draw(batch, anchors, generator(1)).rows
    prefixes = batch.rows.up_to(anchors)
    for view in range(2):
        for number in range(len(anchors)):
            own = set(prefixes.chosen(torch.tensor([number])).items.tolist())
            drawn = set(rows.chosen(torch.tensor([view * len(anchors) + number])).items.tolist())
            assert drawn <= own | {ITEMS}
