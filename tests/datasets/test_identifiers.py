"""Ids are numbered in sorted order and come through unchanged."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sracl.datasets.identifiers import numbered_ids
from sracl.datasets.tables import Opened, open_table
from sracl.errors import InputError


def table_of(values: list, dtype: object = None, untyped: bool = False) -> Opened:
    return Opened(pl.LazyFrame({"user_id": pl.Series(values, dtype=dtype)}), "x.csv", untyped)


def ids_of(values: list, dtype: object = None, untyped: bool = False) -> pl.Series:
    return numbered_ids(table_of(values, dtype, untyped), "user_id", "user")["id"]


@given(st.lists(st.text(min_size=1, max_size=4), min_size=1), st.randoms())
def test_numbers_follow_the_sorted_ids_whatever_the_order_of_rows(values: list[str], random) -> None:
    shuffled = random.sample(values, len(values))
    assert ids_of(values).to_list() == ids_of(shuffled).to_list() == sorted(set(values), key=str.encode)


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=6))
def test_integers_of_text_files_become_numbers_over_the_whole_range(values: list[int]) -> None:
    ids = ids_of([str(value) for value in values], untyped=True)
    assert ids.dtype == pl.Int64
    assert ids.to_list() == sorted(set(values))


@pytest.mark.parametrize("odd", ["007", "+7", "7.0", " 7", "7 ", "-0", "1e3", "1_000", str(2**63), "a", "٣"])
def test_one_id_that_is_no_plain_integer_keeps_all_as_text(odd: str) -> None:
    assert ids_of(["1", "2", odd], untyped=True).to_list() == sorted(["1", "2", odd], key=str.encode)


def test_text_with_a_type_of_its_own_stays_text() -> None:
    assert ids_of(["10", "9"]).to_list() == ["10", "9"]


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([2, 1], pl.Int8),
        ([2, 1], pl.UInt32),
        ([2**63, 1], pl.UInt64),
        ([2**70, 1], pl.Int128),
        ([" b", "a", "A"], pl.String),
        ([date(2024, 1, 2), date(2024, 1, 1)], pl.Date),
        ([b"\xff", b"\x00"], pl.Binary),
        ([Decimal("1.50"), Decimal("1.25")], pl.Decimal(10, 2)),
    ],
)
def test_ids_of_many_types_keep_it(values: list, dtype: object) -> None:
    ids = ids_of(values, dtype)
    assert ids.dtype == dtype
    assert ids.to_list() == sorted(values)


@pytest.mark.parametrize("dtype", [pl.Categorical, pl.Enum(["b", "a", "unused"])])
def test_categories_become_the_text_they_stand_for(dtype: object) -> None:
    ids = ids_of(["b", "a", "b"], dtype)
    assert ids.dtype == pl.String
    assert ids.to_list() == ["a", "b"]


@pytest.mark.parametrize(
    ("values", "dtype", "message"),
    [
        ([1, None, 2, None], None, r"2 row\(s\) have no user id in the column 'user_id', the first is data row 2"),
        (["a", "b", ""], None, r"1 row\(s\) have no user id .* data row 3"),
        (["a", ""], pl.Categorical, r"data row 2"),
        ([1.0, float("nan"), None], None, r"2 row\(s\) have no user id .* data row 2"),
        ([1.0, 2.0], None, "holds floats as user ids; give integers or text"),
        ([True], None, "holds Boolean"),
        ([[1]], None, r"holds List\(Int64\)"),
        ([{"a": 1}], None, "holds Struct"),
        ([None], pl.Null, "holds Null"),
    ],
)
def test_what_is_no_id_is_refused(values: list, dtype: object, message: str) -> None:
    with pytest.raises(InputError, match=rf"x\.csv: .*{message}"):
        ids_of(values, dtype)


def test_an_empty_cell_of_a_file_is_no_id_but_space_is_not_cut_from_one(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('user_id,b\n x ,1\n"",2\n,3\n')
    with pytest.raises(InputError, match=r"2 row\(s\) have no user id .* data row 2"):
        numbered_ids(open_table(tmp_path / "a.csv", "interactions"), "user_id", "user")
    (tmp_path / "a.csv").write_text("user_id,b\n x ,1\nx,1\n")
    ids = numbered_ids(open_table(tmp_path / "a.csv", "interactions"), "user_id", "user")
    assert ids["id"].to_list() == [" x ", "x"]
