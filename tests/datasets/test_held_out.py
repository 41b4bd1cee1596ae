"""Holding items out removes them and their interactions, and nothing else."""

import dataclasses

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sracl.datasets.dataset import Dataset
from sracl.datasets.held_out import HeldOutItems, hold_out
from sracl.errors import InputError
from support.batches import histories_of

ITEMS = 12


def dataset_of(lengths: list[int], seed: int = 0) -> Dataset:
    return Dataset(
        pl.DataFrame({"user_id": np.arange(len(lengths))}),
        pl.DataFrame({"item_id": [f"i{n:02d}" for n in range(ITEMS)], "title": [f"title {n}" for n in range(ITEMS)]}),
        histories_of(lengths, ITEMS, seed),
        ("title",),
    )


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=8), st.floats(0.05, 0.8), st.integers(0, 1000))
def test_what_stays_is_the_data_without_the_items(lengths: list[int], share: float, seed: int) -> None:
    whole = dataset_of(lengths, seed)
    warm, held = hold_out(whole, share, seed)
    assert len(held) == round(share * ITEMS)
    assert warm.item_count + len(held) == ITEMS
    ids = [*warm.catalogue["item_id"], *held.catalogue["item_id"]]
    assert sorted(ids) == whole.catalogue["item_id"].to_list()
    assert ids[: warm.item_count] == sorted(ids[: warm.item_count])
    out = set(held.catalogue["item_id"])
    known = whole.catalogue["item_id"].to_list()
    for before, left, everything in zip(whole.histories, warm.histories, held.histories, strict=True):
        history = [known[item] for item in before]
        assert [ids[item] for item in everything] == history
        assert [ids[item] for item in left] == [item for item in history if item not in out]
    titles = dict(pl.concat([warm.catalogue, held.catalogue]).iter_rows())
    assert titles == dict(whole.catalogue.iter_rows())


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=8), st.integers(0, 1000))
def test_targets_are_the_last_items_that_were_held_out(lengths: list[int], seed: int) -> None:
    warm, held = hold_out(dataset_of(lengths, seed), 0.4, seed)
    split = held.split(warm.item_count)
    asked = {int(user): (inputs.tolist(), int(target)) for user, inputs, target in zip(
        split.test.users, split.inputs("test"), split.targets("test"), strict=True
    )}  # fmt: skip
    alone = 0
    for user, history in enumerate(held.histories):
        if len(history) and history[-1] >= warm.item_count:
            alone += len(history) == 1
            if len(history) > 1:
                assert asked.pop(user) == (history[:-1].tolist(), int(history[-1]))
    assert not asked
    assert split.test.without_history == alone


def test_the_seed_draws_the_items() -> None:
    whole = dataset_of([5, 6])
    first, same, other = (hold_out(whole, 0.5, seed)[1].catalogue["item_id"].to_list() for seed in (1, 1, 2))
    assert first == same
    assert first != other


def test_times_go_with_their_interactions() -> None:
    whole = dataset_of([4, 5])
    timed = dataclasses.replace(whole, clock="unix-s", times=np.arange(9))
    warm, held = hold_out(timed, 0.5, 0)
    stays = held.histories.values < warm.item_count
    assert warm.times.tolist() == np.flatnonzero(stays).tolist()


def test_items_held_out_come_back_from_disk(tmp_path) -> None:
    warm, held = hold_out(dataset_of([4, 5]), 0.3, 0)
    held.save(tmp_path / "held_out")
    loaded = HeldOutItems.load(tmp_path / "held_out")
    assert loaded.catalogue.equals(held.catalogue)
    assert [part.tolist() for part in loaded.histories] == [part.tolist() for part in held.histories]
    with pytest.raises(InputError, match="run `sracl prepare` again"):
        HeldOutItems.load(tmp_path / "elsewhere")
    assert warm.item_count == 8


def test_data_that_cannot_spare_them_are_refused() -> None:
    for share in (0.01, 0.95):
        with pytest.raises(InputError, match="at least one must be held out and two must stay"):
            hold_out(dataset_of([3]), share, 0)
    without = dataclasses.replace(dataset_of([3]), text_columns=())
    with pytest.raises(InputError, match="no text tells of them"):
        hold_out(without, 0.5, 0)
