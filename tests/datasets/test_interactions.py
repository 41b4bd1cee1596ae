"""Interactions are read as flat columns in the file's order and put in time order."""

import polars as pl
import pytest

from sracl.datasets.interactions import in_order, read_interactions
from sracl.datasets.report import PrepareReport
from sracl.datasets.tables import Columns, open_table
from sracl.errors import InputError

FRAME = pl.DataFrame(
    {
        "user_id": ["b", "a", "b", "b", "b", "a"],
        "item_id": [20, 10, 10, 20, 20, 10],
        "timestamp": [5, 1, 5, 5, 7, 2],
    }
)


def read(columns: Columns):
    return read_interactions(open_table(FRAME, "interactions"), columns)


def test_rows_keep_the_order_of_the_file_and_are_held_as_numbers() -> None:
    interactions = read(Columns())
    assert interactions.user_ids.to_list() == ["a", "b"]
    assert interactions.item_ids.to_list() == [10, 20]
    assert interactions.frame.schema == {"user": pl.UInt32, "item": pl.UInt32, "time": pl.Int64}
    assert interactions.frame["user"].to_list() == [1, 0, 1, 1, 1, 0]
    assert interactions.frame["item"].to_list() == [1, 0, 0, 1, 1, 0]
    assert interactions.frame["time"].to_list() == [5, 1, 5, 5, 7, 2]


@pytest.mark.parametrize(
    ("timed", "repeats", "items", "counted"),
    [
        (True, "keep", [0, 0, 1, 0, 1], [1, 1, 2]),
        (True, "first", [0, 1, 0], [1, 1, 2]),
        (True, "last", [0, 0, 1], [1, 1, 2]),
        (False, "keep", [0, 0, 1, 0, 1, 1], [3]),
        (False, "first", [0, 1, 0], [3]),
        (False, "last", [0, 0, 1], [3]),
    ],
)
def test_copies_go_and_repeats_stay_or_go_as_asked(
    timed: bool, repeats: str, items: list[int], counted: list[int]
) -> None:
    """Copies of user, item and time; ties; repeated pairs are counted, in this order."""
    report = PrepareReport()
    frame = in_order(read(Columns(time="timestamp" if timed else None)), timed, repeats, report)
    assert frame["item"].to_list() == items
    assert [value for _, value in report.rows()] == counted


def test_a_table_that_changes_while_it_is_read_is_refused() -> None:
    passes: list[int] = []

    def another(frame: pl.DataFrame) -> pl.DataFrame:
        passes.append(1)
        return frame.with_columns(user_id=pl.lit(f"user of pass {len(passes)}"))

    source = FRAME.lazy().map_batches(another, schema=FRAME.schema)
    with pytest.raises(InputError, match="gave other ids when it was read again"):
        read_interactions(open_table(source, "interactions"), Columns())
