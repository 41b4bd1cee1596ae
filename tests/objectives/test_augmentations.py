"""Operators change as many items as they say, of each row apart, and each place as often as any other."""

from collections import Counter

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from sracl.backbones.rows import Rows
from sracl.objectives.augmentations import ByLength, Crop, Insert, Mask, OneOf, Reorder, Substitute
from support.batches import generator

ITEMS, LONGEST = 30, 12
PARTNERS = torch.where(torch.arange(ITEMS) % 5 == 4, -1, (torch.arange(ITEMS) + 7) % ITEMS)
LENGTHS = st.lists(st.integers(1, LONGEST), max_size=8)
SHARES = st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.7, 1.0])
SEEDS = st.integers(0, 2**31)


def rows_of(lengths: list[int], seed: int = 0) -> Rows:
    return Rows(
        torch.randint(0, ITEMS, (sum(lengths),), generator=generator(seed)), torch.tensor(lengths, dtype=torch.long)
    )


def lists_of(rows: Rows) -> list[list[int]]:
    return [part.tolist() for part in rows.items.split(rows.lengths.tolist())]


def pairs(operator, lengths: list[int], seed: int) -> list[tuple[list[int], list[int]]]:
    """Each row before and after."""
    rows = rows_of(lengths, seed)
    return list(zip(lists_of(rows), lists_of(operator(rows, generator(seed))), strict=True))


@given(LENGTHS, SHARES, SEEDS)
def test_crop_keeps_items_that_follow_one_another(lengths: list[int], share: float, seed: int) -> None:
    for before, after in pairs(Crop(share), lengths, seed):
        assert len(after) == max(1, int(share * len(before)))
        assert any(before[begin : begin + len(after)] == after for begin in range(len(before)))


@given(LENGTHS, SHARES, SEEDS)
def test_mask_blanks_so_many_items_and_leaves_the_others(lengths: list[int], share: float, seed: int) -> None:
    for before, after in pairs(Mask(share, ITEMS), lengths, seed):
        assert after.count(ITEMS) == int(share * len(before))
        assert all(new in (old, ITEMS) for old, new in zip(before, after, strict=True))


@given(LENGTHS, SHARES, SEEDS)
def test_reorder_moves_items_within_one_window(lengths: list[int], share: float, seed: int) -> None:
    for before, after in pairs(Reorder(share), lengths, seed):
        size = int(share * len(before))
        windows = range(len(before) - size + 1)
        assert Counter(before) == Counter(after)
        assert any(
            before[:begin] == after[:begin] and before[begin + size :] == after[begin + size :] for begin in windows
        )


@given(LENGTHS, SHARES, SEEDS)
def test_substitute_replaces_so_many_items_by_their_partners(lengths: list[int], share: float, seed: int) -> None:
    for before, after in pairs(Substitute(share, PARTNERS), lengths, seed):
        count = max(1, int(share * len(before)))
        changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
        assert all(PARTNERS[old] == new for old, new in changed)
        with_partner = sum(int(PARTNERS[old]) >= 0 for old in before)
        assert count - (len(before) - with_partner) <= len(changed) <= min(count, with_partner)


@given(LENGTHS, SHARES, SEEDS)
def test_insert_puts_so_many_partners_before_their_items(lengths: list[int], share: float, seed: int) -> None:
    for before, after in pairs(Insert(share, PARTNERS, 2 * LONGEST), lengths, seed):
        count = max(1, int(share * len(before)))
        with_partner = sum(int(PARTNERS[item]) >= 0 for item in before)
        added = len(after) - len(before)
        assert count - (len(before) - with_partner) <= added <= min(count, with_partner)
        assert reads_as(after, before)


def reads_as(after: list[int], before: list[int]) -> bool:
    """Whether `after` is `before` with partners put before some of its items."""
    if not before:
        return not after
    plain = after[:1] == before[:1] and reads_as(after[1:], before[1:])
    partner = [int(PARTNERS[before[0]]), before[0]]
    return plain or (after[:2] == partner and reads_as(after[2:], before[1:]))


@given(LENGTHS, SEEDS)
def test_of_rows_that_become_too_long_the_most_recent_items_stay(lengths: list[int], seed: int) -> None:
    whole = pairs(Insert(0.5, PARTNERS, 2 * LONGEST), lengths, seed)
    cut = pairs(Insert(0.5, PARTNERS, 6), lengths, seed)
    assert [after for _, after in cut] == [after[-6:] for _, after in whole]


def test_a_crops_place_is_uniform() -> None:
    begins = Counter(after[0] for after in cropped(range(10), 0.4))
    assert chisquare([begins[begin] for begin in range(7)]).pvalue > 1e-3


def cropped(items: range, share: float) -> list[list[int]]:
    rows = Rows(torch.tensor(list(items) * 3000), torch.full((3000,), len(items)))
    return lists_of(Crop(share)(rows, generator(1)))


@pytest.mark.parametrize(
    "operator", [Mask(0.35, ITEMS), Substitute(0.35, (torch.arange(ITEMS) + 10) % ITEMS)], ids=["mask", "substitute"]
)
def test_every_place_changes_as_often_as_any_other(operator) -> None:
    rows = Rows(torch.arange(10).repeat(4000), torch.full((4000,), 10))
    changed = (operator(rows, generator(2)).items != rows.items).view(4000, 10).sum(dim=0)
    assert int(changed.sum()) == 4000 * 3
    assert chisquare(changed.tolist()).pvalue > 1e-3


def test_every_order_of_a_window_is_as_likely() -> None:
    rows = Rows(torch.arange(3).repeat(6000), torch.full((6000,), 3))
    orders = Counter(tuple(row) for row in lists_of(Reorder(1.0)(rows, generator(3))))
    assert len(orders) == 6
    assert chisquare(list(orders.values())).pvalue > 1e-3


@given(LENGTHS, SEEDS)
def test_rows_come_back_in_their_order_whichever_operator_changed_them(lengths: list[int], seed: int) -> None:
    either = OneOf([Mask(1.0, ITEMS), Crop(0.0), Reorder(0.0)])
    for before, after in pairs(either, lengths, seed):
        assert after in ([ITEMS] * len(before), before) or (len(after) == 1 and after[0] in before)


def test_operators_are_drawn_uniformly_and_for_each_row() -> None:
    either = OneOf([Mask(1.0, ITEMS), Mask(1.0, ITEMS + 1), Mask(1.0, ITEMS + 2)])
    found = either(Rows(torch.zeros(6000, dtype=torch.long), torch.ones(6000, dtype=torch.long)), generator(5)).items
    assert chisquare(torch.bincount(found - ITEMS, minlength=3).tolist()).pvalue > 1e-3


@given(LENGTHS, SEEDS)
def test_short_rows_have_operators_of_their_own(lengths: list[int], seed: int) -> None:
    operator = ByLength(4, short=Mask(1.0, ITEMS), long=Mask(1.0, ITEMS + 1))
    for before, after in pairs(operator, lengths, seed):
        assert set(after) == {ITEMS + (len(before) > 4)}
