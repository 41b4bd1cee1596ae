"""Sequences as matrices, and places in rows."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sracl.datasets import sparse
from support.batches import histories_of
from support.lists import flat, lists_of


def test_transitions_do_not_cross_from_one_user_to_the_next() -> None:
    counts = sparse.transitions(flat([[], [0, 1], [], [2], [3, 3, 0, 1], []]), 4).toarray()
    assert {(a, b): counts[a, b] for a, b in np.argwhere(counts).tolist()} == {(0, 1): 2, (3, 3): 1, (3, 0): 1}


def test_ages_and_last_items_by_hand() -> None:
    histories = flat([[4, 5, 6], [], [7]])
    assert sparse.ages(histories).tolist() == [2, 1, 0, 0]
    assert sparse.last_items(histories).tolist() == [6, -1, 7]
    assert sparse.last_items(histories, 1).tolist() == [5, -1, -1]


def test_incidence_counts_an_item_once() -> None:
    assert sparse.incidence(flat([[1, 1, 0], []]), 3).toarray().tolist() == [[1, 1, 0], [0, 0, 0]]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 6), max_size=12), st.integers(1, 40), st.integers(0, 1000))
def test_a_product_by_blocks_is_the_product(lengths: list[int], products: int, seed: int) -> None:
    had = sparse.incidence(histories_of(lengths, 9, seed), 9)
    left = had.T.tocsr()
    before = sparse.PRODUCTS_A_BLOCK
    try:
        sparse.PRODUCTS_A_BLOCK = products
        blocks = list(sparse.row_blocks(left, had))
    finally:
        sparse.PRODUCTS_A_BLOCK = before
    np.testing.assert_array_equal(np.concatenate([block.toarray() for block in blocks]), (left @ had).toarray())


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3), st.integers(0, 9)), max_size=30))
def test_places_count_what_stands_before_in_the_row(entries: list[tuple[int, int, int]]) -> None:
    distinct = sorted({(row, column): score for row, score, column in entries}.items())
    rows, columns, scores = (
        np.array([row for (row, _), _ in distinct], dtype=np.int64),
        np.array([column for (_, column), _ in distinct], dtype=np.int64),
        np.array([score for _, score in distinct], dtype=np.float32),
    )
    expected = [
        sum((row == other) and (-s, c) < (-score, column) for other, s, c in zip(rows, scores, columns, strict=True))
        for row, score, column in zip(rows, scores, columns, strict=True)
    ]
    assert sparse.places_in_rows(rows, scores).tolist() == expected


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-(2.0**99), 2.0**99, width=32), max_size=20))
def test_places_follow_numbers_of_any_size_and_sign_with_both_zeros_alike(scores: list[float]) -> None:
    found = sparse.places_in_rows(np.zeros(len(scores), dtype=np.int64), np.array(scores, dtype=np.float32))
    assert found[np.argsort(-np.array(scores), kind="stable")].tolist() == list(range(len(scores)))


def test_lists_come_back() -> None:
    assert lists_of(flat([[1], [], [2, 3]])) == [[1], [], [2, 3]]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.integers(0, 4), max_size=8), max_size=5), st.integers(1, 4))
def test_transitions_of_a_gap_are_pairs_so_far_apart(lists: list[list[int]], gap: int) -> None:
    wanted = np.zeros((5, 5))
    for part in lists:
        for one, other in zip(part, part[gap:], strict=False):
            wanted[one, other] += 1
    np.testing.assert_array_equal(sparse.transitions(flat(lists), 5, gap).toarray(), wanted)
