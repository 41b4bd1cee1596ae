"""The k-core against removing one user or item at a time."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sracl.datasets.core import k_core

pairs = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=60)


def one_at_a_time(rows: list[tuple[int, int]], minimum: int) -> list[tuple[int, int]]:
    while True:
        for side in (0, 1):
            counts: dict[int, int] = {}
            for row in rows:
                counts[row[side]] = counts.get(row[side], 0) + 1
            rare = [code for code, count in counts.items() if count < minimum]
            if rare:
                rows = [row for row in rows if row[side] != rare[0]]
                break
        else:
            return rows


def stays(rows: list[tuple[int, int]], minimum: int) -> list[bool]:
    table = np.array(rows, dtype=np.uint32).reshape(-1, 2)
    return k_core(table[:, 0], table[:, 1], minimum).tolist()


@given(pairs, st.integers(1, 5))
def test_what_stays_is_what_removal_one_at_a_time_leaves(rows: list[tuple[int, int]], minimum: int) -> None:
    kept = [row for row, keep in zip(rows, stays(rows, minimum), strict=True) if keep]
    assert kept == one_at_a_time(rows, minimum)


@given(pairs, st.integers(1, 5), st.randoms())
def test_the_order_of_rows_changes_nothing(rows: list[tuple[int, int]], minimum: int, random) -> None:
    order = list(range(len(rows)))
    random.shuffle(order)
    shuffled = stays([rows[n] for n in order], minimum)
    assert [stays(rows, minimum)[n] for n in order] == shuffled


def test_removal_goes_on_until_none_is_left_to_remove() -> None:
    chain = [(0, 0), (0, 1), (1, 1), (1, 2), (2, 2), (2, 3)]  # the ends fall first, then their neighbours
    assert not any(stays(chain, 2))
    assert all(stays(chain, 1))
