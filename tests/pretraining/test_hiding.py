"""Rows are cut, items hidden and segments chosen as the paper's program does, uniformly and by the seed alone."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sracl.pretraining.hiding import Hidden, draw_hidden
from sracl.training.batches import TrainingRows
from support.batches import generator, histories_of

ITEMS, LENGTH = 50, 8


def drawn(lengths: list[int], masking: float, seed: int) -> tuple[Hidden, list[list[int]]]:
    histories = histories_of(lengths, ITEMS, seed)
    rows = TrainingRows.whole(histories, LENGTH)
    batch = rows.batch(torch.arange(len(rows)).numpy())
    everything = torch.from_numpy(histories.values).long()
    whole = [part.tolist() for part in batch.rows.items.split(batch.rows.lengths.tolist())]
    return draw_hidden(batch, everything, masking, generator(seed)), whole


@given(st.lists(st.integers(1, 20), min_size=1, max_size=12), st.integers(0, 2**16))
@settings(max_examples=40, deadline=None)
def test_every_row_is_a_beginning_with_its_last_item_hidden_and_half_of_it_in_a_segment_at_most(lengths, seed) -> None:
    found, whole = drawn(lengths, 0.3, seed)
    assert torch.equal(found.rows.lengths, found.rows.lengths.sort().values)
    assert len(found.rows) == len(whole)
    assert found.hidden[found.rows.last].all()
    sizes = found.rows.lengths.tolist()
    for items, segment, other in zip(
        found.rows.items.split(sizes), found.segment.split(sizes), found.other.split(sizes), strict=True
    ):
        row = items.tolist()
        assert any(own[: len(row)] == row and len(row) >= min(2, len(own)) for own in whole)
        places = segment.nonzero().flatten().tolist()
        assert places == list(range(places[0], places[-1] + 1)) if places else len(row) == 1
        assert len(places) <= len(row) // 2
        assert torch.equal(other[~segment], items[~segment])


def test_another_segment_is_a_stretch_of_training() -> None:
    histories = histories_of([6] * 40, ITEMS, 3)
    everything = histories.values.tolist()
    found, _ = drawn([6] * 40, 0.2, 3)
    sizes = found.rows.lengths.tolist()
    for segment, other in zip(found.segment.split(sizes), found.other.split(sizes), strict=True):
        stretch = other[segment].tolist()
        assert any(everything[at : at + len(stretch)] == stretch for at in range(len(everything)))


def test_draws_are_uniform_and_repeat_with_the_seed() -> None:
    found, _ = drawn([LENGTH] * 3000, 0.25, 0)
    again, _ = drawn([LENGTH] * 3000, 0.25, 0)
    assert torch.equal(found.hidden, again.hidden)
    assert torch.equal(found.other, again.other)
    lengths = torch.bincount(found.rows.lengths, minlength=LENGTH + 1)[2:] / 3000
    torch.testing.assert_close(lengths, torch.full((7,), 1 / 7), atol=0.03, rtol=0)
    not_last = torch.ones(len(found.hidden), dtype=torch.bool)
    not_last[found.rows.last] = False
    torch.testing.assert_close(found.hidden[not_last].float().mean(), torch.tensor(0.25), atol=0.02, rtol=0)
    sizes = torch.zeros(len(found.rows)).index_add_(0, found.rows.owner, found.segment.float())
    longest = sizes[found.rows.lengths == LENGTH]
    shares = torch.bincount(longest.long(), minlength=5)[1:] / len(longest)
    torch.testing.assert_close(shares, torch.full((4,), 0.25), atol=0.08, rtol=0)
