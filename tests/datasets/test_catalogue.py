"""The catalogue holds every item once, with the texts that its table has, made clean."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sracl.datasets.catalogue import build_catalogue, text_columns_of
from sracl.datasets.report import PrepareReport
from sracl.datasets.tables import open_table
from sracl.errors import InputError


def catalogue_of(
    items: pl.DataFrame | Path, ids: list | pl.Series, text: tuple[str, ...] | None = None
) -> tuple[pl.DataFrame, dict[str, int | str]]:
    table, report = open_table(items, "items"), PrepareReport()
    columns = text_columns_of(table, "item_id", text)
    return build_catalogue(table, "item_id", columns, pl.Series(ids), report), dict(report.rows())


def title_of(value: object, dtype: object = None) -> str | None:
    frame = pl.DataFrame({"item_id": [1], "title": pl.Series([value], dtype=dtype)})
    return catalogue_of(frame, [1], ("title",))[0]["title"].item()


def counts(report: dict[str, int | str]) -> list[int | str]:
    """Without id, repeated, without interactions, without a row, without text."""
    assert [label.split(" (")[0] for label in report] == [
        "rows of the table of items without an id",
        "repeated rows of one item",
        "items described but without interactions",
        "items without a row in the table of items",
        "items without any text",
    ]
    return list(report.values())


texts = st.sampled_from([None, "", "  ", "a", " b ", "c\x00d", "é"])


@given(
    st.lists(st.tuples(st.one_of(st.none(), st.integers(0, 9)), texts), max_size=15),
    st.sets(st.integers(0, 9), min_size=1),
)
def test_every_item_has_the_text_of_its_first_row(rows: list[tuple[int | None, str | None]], known: set[int]) -> None:
    frame = pl.DataFrame(rows, schema={"item_id": pl.Int64, "title": pl.String}, orient="row")
    catalogue, report = catalogue_of(frame, sorted(known))
    first: dict[int, str | None] = {}
    for item, title in rows:
        if item is not None:
            first.setdefault(item, (title or "").replace("\x00", " ").strip() or None)
    assert catalogue.rows() == [(item, first.get(item)) for item in sorted(known)]
    nameless = sum(item is None for item, _ in rows)
    assert counts(report) == [
        nameless,
        len(rows) - nameless - len(first),
        len(first.keys() - known),
        len(known - first.keys()),
        sum(first.get(item) is None for item in known),
    ]


@pytest.mark.parametrize(
    ("value", "dtype", "expected"),
    [
        ("a\r\nb\tc\x07\x7f\x85d", None, "a \nb\tc   d"),
        ("\u3000 a \n", None, "a"),
        ("\u2003", None, None),
        (1984, None, "1984"),
        (1.5, None, "1.5"),
        (True, None, "true"),
        (["red", " ", None, "blue"], None, "red, blue"),
        ([], pl.List(pl.String), None),
        (None, pl.List(pl.String), None),
        ([1, 2], None, "1, 2"),
        (["a", "b"], pl.Array(pl.String, 2), "a, b"),
        ("x", pl.Categorical, "x"),
        ("x", pl.Enum(["x"]), "x"),
        (None, pl.Null, None),
    ],
)
def test_values_become_text_or_null(value: object, dtype: object, expected: str | None) -> None:
    assert title_of(value, dtype) == expected


@pytest.mark.parametrize("value", [{"a": 1}, [[1]], b"x", [{"a": 1}]])
def test_what_has_no_text_is_refused(value: object) -> None:
    with pytest.raises(InputError, match=r"the column 'title' holds .* which is no text"):
        title_of(value)


def test_text_columns_are_those_of_text_unless_named() -> None:
    frame = pl.DataFrame({"item_id": ["a"], "title": ["x"], "year": [1], "tags": [["y"]], "prices": [[1]]})
    frame = frame.with_columns(brand=pl.lit("z", pl.Categorical))
    table = open_table(frame, "items")
    assert text_columns_of(table, "item_id", None) == ("title", "tags", "brand")
    assert text_columns_of(table, "item_id", ("year", "title", "year")) == ("year", "title")
    assert text_columns_of(table, "item_id", ()) == ()


def test_columns_of_numbers_alone_are_no_text_by_themselves_in_a_text_file(tmp_path: Path) -> None:
    (tmp_path / "items.csv").write_text("item_id,title,year,price,none\na,1984,1984,1.5,\nb,Dune,1965,,\n")
    table = open_table(tmp_path / "items.csv", "items")
    assert text_columns_of(table, "item_id", None) == ("title",)
    assert text_columns_of(table, "item_id", ("year",)) == ("year",)


def test_a_wanted_column_must_be_there_and_not_be_the_id() -> None:
    frame = pl.DataFrame({"item_id": ["a"], "title": ["x"]})
    with pytest.raises(InputError, match=r"no column 'titel' for an item's text; it has item_id, title.\n.*'title'"):
        catalogue_of(frame, ["a"], ("titel",))
    with pytest.raises(InputError, match="`item_id` cannot be an item's text"):
        catalogue_of(frame, ["a"], ("item_id",))


@pytest.mark.parametrize(
    ("ids", "rows", "matched"),
    [
        ([7], ["7", "007", "x"], "7"),
        ([7], [7.5, 7.0], 7.0),
        (["7"], [7, 8], 7),
        (pl.Series([7], dtype=pl.UInt8), [300, 7], 7),
        (["007"], ["7", "007"], "007"),
    ],
)
def test_ids_of_another_type_match_only_where_nothing_is_lost(ids: list, rows: list, matched: object) -> None:
    frame = pl.DataFrame({"item_id": rows, "title": [f"of {row}" for row in rows]})
    catalogue, report = catalogue_of(frame, ids)
    assert catalogue["title"].to_list() == [f"of {matched}"]
    assert catalogue["item_id"].dtype == pl.Series(ids).dtype
    assert counts(report) == [0, 0, len(rows) - 1, 0, 0]


def test_ids_that_can_never_match_are_left_out_and_counted() -> None:
    frame = pl.DataFrame({"item_id": [True, False], "title": ["a", "b"]})
    assert counts(catalogue_of(frame, [1])[1]) == [0, 0, 2, 1, 1]
    with pytest.raises(InputError, match=r"holds List\(Int64\) as item ids"):
        catalogue_of(pl.DataFrame({"item_id": [[1]], "title": ["a"]}), [1])
