"""Training rows: every prefix is a target once, sees enough of its history, and batches lose nothing."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sracl.training.batches import TrainingRows
from support.batches import generator, histories_of

lengths = st.lists(st.integers(0, 40), min_size=1, max_size=10)


def targets_of(rows: TrainingRows, batches) -> list[tuple[int, int, int]]:
    """(user, position, target) of every target of the batches."""
    found = []
    for batch in batches:
        places = batch.with_target
        users = batch.users[batch.rows.owner[places]]
        found += list(
            zip(users.tolist(), batch.positions[places].tolist(), batch.targets[places].tolist(), strict=True)
        )
    return found


@given(lengths, st.integers(2, 9))
def test_every_item_but_a_users_first_is_a_target_once_and_named_by_its_position(
    lengths: list[int], max_length: int
) -> None:
    histories = histories_of(lengths, 1000)
    rows = TrainingRows.of(histories, max_length)
    found = targets_of(rows, [rows.batch(np.arange(len(rows)))]) if len(rows) else []
    wanted = [
        (user, position, int(histories[user][position]))
        for user in range(len(lengths))
        for position in range(1, lengths[user])
    ]
    assert sorted(found) == wanted
    assert rows.target_count == len(wanted)


@given(lengths, st.integers(2, 9))
def test_a_target_is_read_after_the_items_before_it_and_at_least_half_the_maximum_of_them(
    lengths: list[int], max_length: int
) -> None:
    histories = histories_of(lengths, 1000)
    rows = TrainingRows.of(histories, max_length)
    if not len(rows):
        return
    assert int(rows.lengths.max()) <= max_length
    batch = rows.batch(np.arange(len(rows)))
    prefixes = batch.rows.up_to(batch.with_target)
    users = batch.users[batch.rows.owner[batch.with_target]].tolist()
    parts = prefixes.items.split(prefixes.lengths.tolist())
    for user, position, items in zip(users, batch.positions[batch.with_target].tolist(), parts, strict=True):
        history = histories[user][:position]
        assert items.tolist() == history[-len(items) :].tolist()
        assert len(items) >= min(position, max_length // 2)


@given(lengths, st.integers(1, 50), st.integers(0, 5))
def test_an_epochs_batches_hold_every_row_once_and_near_the_wished_number_of_targets(
    lengths: list[int], targets_per_step: int, seed: int
) -> None:
    rows = TrainingRows.of(histories_of([*lengths, 3], 1000), 6)
    batches = list(rows.epoch(targets_per_step, generator(seed)))
    whole = targets_of(rows, [rows.batch(np.arange(len(rows)))])
    assert sorted(targets_of(rows, batches)) == sorted(whole)
    for batch in batches:
        assert len(batch.with_target) < targets_per_step + 6


def test_the_order_of_an_epoch_depends_on_the_generator_alone() -> None:
    rows = TrainingRows.of(histories_of([5] * 50, 100), 6)
    one, same, other = ([b.users for b in rows.epoch(20, generator(seed))] for seed in (1, 1, 2))
    assert torch.equal(torch.cat(one), torch.cat(same))
    assert not torch.equal(torch.cat(one), torch.cat(other))


@settings(deadline=None)
@given(lengths, st.integers(2, 9))
def test_whole_rows_read_every_item_of_every_history_and_count_it_once(lengths: list[int], max_length: int) -> None:
    histories = histories_of(lengths, 1000)
    rows = TrainingRows.whole(histories, max_length)
    counted: list[list[int]] = [[] for _ in lengths]
    for number in range(len(rows)):
        batch = rows.batch(np.array([number]))
        items, user = batch.rows.items, int(batch.users[0])
        assert len(items) <= max_length
        positions = batch.positions.numpy()
        assert items.tolist() == histories[user][positions - 1].tolist()
        counted[user] += items[batch.with_target].tolist()
    assert counted == [history.tolist() for history in histories]
