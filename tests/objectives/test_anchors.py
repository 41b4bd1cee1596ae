"""Anchors: places with a target, so many of each row, each as likely as any other."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from sracl.objectives.anchors import draw_anchors
from support.batches import generator, histories_of, whole_batch


@given(st.lists(st.integers(1, 12), min_size=2, max_size=8), st.integers(1, 4), st.integers(0, 100))
def test_each_row_gives_up_to_so_many_of_its_targets(lengths: list[int], per_row: int, seed: int) -> None:
    batch = whole_batch(histories_of([*lengths, 2], 10), 5)
    anchors = draw_anchors(batch, per_row, generator(seed))
    assert (batch.targets[anchors] >= 0).all()
    assert torch.equal(anchors, anchors.unique(sorted=True))
    targets = torch.bincount(batch.rows.owner[batch.with_target], minlength=len(batch.rows))
    drawn = torch.bincount(batch.rows.owner[anchors], minlength=len(batch.rows))
    assert torch.equal(drawn, targets.clamp(max=per_row))


def test_none_takes_every_place_with_a_target() -> None:
    batch = whole_batch(histories_of([4, 2, 12], 10), 5)
    assert torch.equal(draw_anchors(batch, None, generator()), batch.with_target)


def test_every_target_of_a_row_is_as_likely() -> None:
    batch = whole_batch(histories_of([6] * 2000, 10), 5)
    anchors = draw_anchors(batch, 1, generator(3))
    places = torch.bincount(anchors - batch.rows.starts[batch.rows.owner[anchors]], minlength=5)
    assert (places - 400).abs().max() < 5 * (2000 * 0.2 * 0.8) ** 0.5
