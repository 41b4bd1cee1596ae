"""The pool of prefixes against prefixes written out."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sracl.datasets.prefixes import PrefixPool
from sracl.datasets.sequences import Sequences

nested = st.lists(st.lists(st.integers(0, 99), max_size=7), min_size=1, max_size=8)


def pool_of(lists: list[list[int]], max_length: int) -> PrefixPool:
    owners = np.repeat(np.arange(len(lists)), [len(part) for part in lists]).astype(np.int64)
    values = np.array([n for part in lists for n in part], dtype=np.int64)
    return PrefixPool(Sequences.from_sorted(owners, values, len(lists)), max_length)


def written_out(lists: list[list[int]]) -> list[tuple[int, int, list[int]]]:
    """User, position and items of every prefix, in the order of their numbers."""
    return [(user, t, items[:t]) for user, items in enumerate(lists) for t in range(1, len(items) + 1)]


@given(nested)
def test_every_prefix_has_one_number_and_both_ways_agree(lists: list[list[int]]) -> None:
    pool, prefixes = pool_of(lists, 20), written_out(lists)
    users = np.array([user for user, _, _ in prefixes], dtype=np.int64)
    positions = np.array([position for _, position, _ in prefixes], dtype=np.int64)
    numbers = np.arange(len(prefixes))
    assert len(pool) == len(prefixes)
    assert pool.users.tolist() == users.tolist()
    assert pool.positions.tolist() == positions.tolist()
    assert pool.number(users, positions).tolist() == numbers.tolist()
    assert pool.users_of(numbers).tolist() == users.tolist()


@given(nested, st.integers(1, 8), st.randoms())
def test_a_prefix_holds_its_most_recent_items_in_any_order_asked(lists: list[list[int]], longest: int, random) -> None:
    pool, prefixes = pool_of(lists, longest), written_out(lists)
    order = list(range(len(prefixes))) * 2
    random.shuffle(order)
    items = pool.items(np.array(order, dtype=np.int64))
    assert [part.tolist() for part in items] == [prefixes[number][2][-longest:] for number in order]


@given(nested, st.integers(1, 8), st.data())
def test_prefixes_of_a_user_share_rows_as_training_cuts_them(lists: list[list[int]], longest: int, data) -> None:
    pool, prefixes = pool_of(lists, longest), written_out(lists)
    asked = data.draw(st.lists(st.integers(0, len(prefixes) - 1), max_size=12)) if prefixes else []
    rows, places = pool.shared_rows(np.array(asked, dtype=np.int64))
    owner = np.searchsorted(rows.offsets, places, side="right") - 1
    for number, row, place in zip(asked, owner, places, strict=True):
        found, whole = rows.values[rows.offsets[row] : place + 1].tolist(), prefixes[number][2]
        assert found == whole[-len(found) :]
        assert min(len(whole), longest // 2 + 1) <= len(found) <= longest
        assert len(whole) > longest or found == whole
    short = {prefixes[number][0] for number in asked if prefixes[number][1] <= longest}
    assert len(rows) >= len(short)
    assert len(rows) == len(short) or max(prefixes[number][1] for number in asked) > longest
    assert set(rows.offsets[1:] - 1) <= set(places.tolist())
