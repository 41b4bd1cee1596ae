"""Flat rows keep their items through every view of them."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from sracl.backbones.rows import Rows, joined, ranges

histories = st.lists(st.lists(st.integers(0, 50), min_size=1, max_size=8), min_size=1, max_size=6)


def flat(rows: list[list[int]]) -> Rows:
    return Rows(
        torch.tensor([item for row in rows for item in row], dtype=torch.long), torch.tensor([len(row) for row in rows])
    )


def split(rows: Rows) -> list[list[int]]:
    return [part.tolist() for part in rows.items.split(rows.lengths.tolist())]


@given(histories)
def test_places_name_each_rows_first_and_last_item_and_its_owner(given_rows: list[list[int]]) -> None:
    rows = flat(given_rows)
    assert len(rows) == len(given_rows)
    assert rows.items[rows.starts].tolist() == [row[0] for row in given_rows]
    assert rows.items[rows.last].tolist() == [row[-1] for row in given_rows]
    assert rows.owner.tolist() == [number for number, row in enumerate(given_rows) for _ in row]


@given(histories)
def test_up_to_every_place_gives_every_prefix(given_rows: list[list[int]]) -> None:
    rows = flat(given_rows)
    prefixes = [row[:end] for row in given_rows for end in range(1, len(row) + 1)]
    assert split(rows.up_to(torch.arange(len(rows.items)))) == prefixes


@given(histories, st.data())
def test_up_to_takes_places_in_any_order_and_more_than_once(given_rows: list[list[int]], data: st.DataObject) -> None:
    rows = flat(given_rows)
    prefixes = [row[:end] for row in given_rows for end in range(1, len(row) + 1)]
    places = data.draw(st.lists(st.integers(0, len(prefixes) - 1), min_size=1, max_size=5))
    assert split(rows.up_to(torch.tensor(places))) == [prefixes[place] for place in places]


@given(histories, histories)
def test_joined_rows_follow_each_other(first: list[list[int]], second: list[list[int]]) -> None:
    assert split(joined([flat(first), flat(second)])) == first + second


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 5)), max_size=6))
def test_ranges_count_up_from_each_start(pairs: list[tuple[int, int]]) -> None:
    starts = torch.tensor([start for start, _ in pairs], dtype=torch.long)
    lengths = torch.tensor([length for _, length in pairs], dtype=torch.long)
    assert ranges(starts, lengths).tolist() == [start + step for start, length in pairs for step in range(length)]
