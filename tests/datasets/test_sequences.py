"""Flat sequences against lists of lists."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sracl.datasets.sequences import Sequences, ranges
from support.lists import flat, lists_of

nested = st.lists(st.lists(st.integers(0, 9), max_size=5), max_size=8)


@given(nested)
def test_grouping_gives_back_every_list_also_the_empty_ones(lists: list[list[int]]) -> None:
    sequences = flat(lists)
    assert lists_of(sequences) == lists
    assert sequences.lengths.tolist() == [len(part) for part in lists]
    assert sequences.values.dtype == np.int32
    assert sequences.offsets.dtype == np.int64


@given(nested, st.integers(0, 6))
def test_shortening_cuts_the_end_of_every_sequence_and_never_more_than_there_is(
    lists: list[list[int]], by: int
) -> None:
    assert lists_of(flat(lists).shortened(by)) == [part[: max(len(part) - by, 0)] for part in lists]


@given(st.lists(st.tuples(st.integers(-5, 50), st.integers(0, 6)), max_size=8))
def test_ranges_are_those_of_python_one_after_another(pairs: list[tuple[int, int]]) -> None:
    starts = np.array([start for start, _ in pairs], dtype=np.int64)
    lengths = np.array([length for _, length in pairs], dtype=np.int64)
    assert ranges(starts, lengths).tolist() == [n for start, length in pairs for n in range(start, start + length)]


@pytest.mark.parametrize("number", [-1, 2])
def test_a_number_outside_is_refused_rather_than_answered_with_nothing(number: int) -> None:
    with pytest.raises(IndexError, match=f"no sequence {number} among 2"):
        flat([[1], [2, 3]])[number]


def test_saved_sequences_come_back_memory_mapped(tmp_path: Path) -> None:
    flat([[1, 2], [], [3]]).save(tmp_path, "histories")
    loaded = Sequences.load(tmp_path, "histories")
    assert lists_of(loaded) == [[1, 2], [], [3]]
    assert isinstance(loaded.values, np.memmap)


def test_sequences_without_a_value_can_be_saved_too(tmp_path: Path) -> None:
    flat([[], []]).save(tmp_path, "histories")
    assert lists_of(Sequences.load(tmp_path, "histories")) == [[], []]


@pytest.mark.parametrize(
    ("values", "offsets", "message"),
    [
        (np.array([1.0, 2.0]), np.array([0, 2]), "flat arrays"),
        (np.array([[1, 2]], dtype=np.int32), np.array([0, 2]), "flat arrays"),
        (np.array([1, 2], dtype=np.int32), np.array([0, 2], dtype=np.int32), "flat arrays"),
        (np.array([1, 2], dtype=np.int32), np.array([0, 3]), "rise"),
        (np.array([1, 2], dtype=np.int32), np.array([1, 2]), "rise"),
        (np.array([1, 2], dtype=np.int32), np.array([0, 2, 1, 2]), "rise"),
        (np.array([1, 2], dtype=np.int32), np.array([], dtype=np.int64), "rise"),
        (np.array([None, 2], dtype=object), np.array([0, 2]), "pickle|object"),
    ],
)
def test_damaged_arrays_are_refused(tmp_path: Path, values: np.ndarray, offsets: np.ndarray, message: str) -> None:
    np.save(tmp_path / "h.npy", values, allow_pickle=True)
    np.save(tmp_path / "h_offsets.npy", offsets)
    with pytest.raises(ValueError, match=message):
        Sequences.load(tmp_path, "h")


@given(nested, st.data())
def test_chosen_sequences_come_in_the_order_asked_for(lists: list[list[int]], data: st.DataObject) -> None:
    numbers = data.draw(st.lists(st.integers(0, len(lists) - 1), max_size=6)) if lists else []
    found = flat(lists).chosen(np.array(numbers, dtype=np.int64))
    assert lists_of(found) == [lists[number] for number in numbers]


@given(st.lists(st.lists(st.integers(0, 9), max_size=6), max_size=6), st.integers(0, 7))
def test_the_most_recent_values_are_the_last_ones(lists: list[list[int]], count: int) -> None:
    assert lists_of(flat(lists).most_recent(count)) == [part[max(0, len(part) - count) :] for part in lists]
