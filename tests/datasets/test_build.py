"""The rules of preparation against a plain Python reading of them, and every way to hand the tables in."""

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sracl.datasets.build import Columns, PrepareReport, build_dataset
from sracl.errors import InputError
from support.frames import Row, frame_of, histories_of

rows_of_interactions = st.lists(
    st.tuples(st.integers(-2, 4), st.sampled_from(["a", "B", "é", "10", "9"]), st.integers(0, 6)),
    min_size=1,
    max_size=40,
)
repeats_of = st.sampled_from(["keep", "first", "last"])


def plain(rows: list[Row], minimum: int, repeats: str, timed: bool) -> dict[int, list[str]]:
    """Histories by user: the rules as one would say them, a row at a time."""
    if timed:
        rows = list(dict.fromkeys(rows))
        rows = sorted(rows, key=lambda row: row[2])
    if repeats != "keep":
        chosen: dict[tuple[int, str], int] = {}
        for number, (user, item, _) in enumerate(rows):
            if repeats == "last" or (user, item) not in chosen:
                chosen[user, item] = number
        rows = [rows[number] for number in sorted(chosen.values())]
    while True:
        users = Counter(user for user, _, _ in rows)
        items = Counter(item for _, item, _ in rows)
        left = [row for row in rows if users[row[0]] >= minimum and items[row[1]] >= minimum]
        if left == rows:
            break
        rows = left
    histories: dict[int, list[str]] = {}
    for user, item, _ in rows:
        histories.setdefault(user, []).append(item)
    return histories


def built(rows: list[Row] | pl.DataFrame, items: object = None, minimum: int = 1, **settings: object) -> tuple:
    frame = rows if isinstance(rows, pl.DataFrame) else frame_of(rows)
    dataset, report = build_dataset(frame, items, Columns(), min_interactions=minimum, **settings)
    return dataset, dict(report.rows())


def count(report: dict[str, int | str], label: str) -> int | str:
    """The only row whose label starts so."""
    (found,) = [value for name, value in report.items() if name.startswith(label)]
    return found


@given(rows_of_interactions, st.integers(1, 4), repeats_of, st.booleans())
def test_histories_are_what_a_plain_reading_of_the_rules_gives(
    rows: list[Row], minimum: int, repeats: str, timed: bool
) -> None:
    expected = plain(rows, minimum, repeats, timed)
    columns = Columns(time="timestamp" if timed else None)
    if not expected:
        with pytest.raises(InputError, match=r"no interactions are left: .*lower dataset\.min_interactions"):
            build_dataset(frame_of(rows), None, columns, min_interactions=minimum, repeats=repeats)
        return
    dataset, _ = build_dataset(frame_of(rows), None, columns, min_interactions=minimum, repeats=repeats)
    assert histories_of(dataset) == expected
    assert dataset.users["user_id"].to_list() == sorted(expected)
    kept_items = {item for history in expected.values() for item in history}
    assert dataset.catalogue["item_id"].to_list() == sorted(kept_items, key=str.encode)
    assert dataset.text_columns == ()


@given(rows_of_interactions, st.integers(1, 3), repeats_of)
def test_the_report_counts_what_the_rules_did(rows: list[Row], minimum: int, repeats: str) -> None:
    expected = plain(rows, minimum, repeats, timed=True)
    if not expected:
        return
    _, report = built(rows, minimum=minimum, repeats=repeats)
    distinct = set(rows)
    before_core = plain(rows, 1, repeats, timed=True)
    lengths = [len(history) for history in expected.values()]
    items = {item for history in expected.values() for item in history}
    items_read = {item for _, item, _ in rows}
    assert count(report, "users read") == len(before_core)
    assert count(report, "items read") == len(items_read)
    assert count(report, "interactions read") == len(rows)
    assert count(report, "rows that repeat user, item and time") == len(rows) - len(distinct)
    assert count(report, "interactions at the time of the one before") == len(distinct) - len(
        {(user, time) for user, _, time in distinct}
    )
    assert count(report, "repeated interactions with an item") == len(distinct) - len(
        {(user, item) for user, item, _ in distinct}
    )
    assert count(report, "users removed") == len(before_core) - len(expected)
    assert count(report, "items removed") == len(items_read) - len(items)
    assert count(report, "interactions removed") == sum(map(len, before_core.values())) - sum(lengths)
    assert count(report, "users with fewer than 3") == sum(length < 3 for length in lengths)
    assert count(report, "users kept") == len(lengths)
    assert count(report, "items kept") == len(items)
    assert count(report, "interactions kept") == sum(lengths)
    assert count(report, "density kept") == f"{sum(lengths) / len(lengths) / len(items):.4%}"
    assert count(report, "interactions a user kept") == (
        f"{min(lengths)} / {np.median(lengths):g} / {np.mean(lengths):.1f} / {max(lengths)}"
    )


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, unique=True), st.randoms())
def test_numbers_and_histories_do_not_depend_on_the_order_of_rows(pairs: list[tuple[int, int]], random) -> None:
    rows = [(user, str(item), time) for time, (user, item) in enumerate(pairs)]
    ordered, _ = built(rows)
    shuffled, _ = built(random.sample(rows, len(rows)))
    assert ordered.users.equals(shuffled.users)
    assert ordered.catalogue.equals(shuffled.catalogue)
    assert ordered.histories.values.tolist() == shuffled.histories.values.tolist()


def test_order_holds_in_a_table_too_large_for_one_block_of_rows(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    count_of_rows = 300_000
    user = generator.integers(0, 2_000, count_of_rows)
    item = generator.integers(0, 5_000, count_of_rows)
    time = generator.integers(0, 50, count_of_rows)  # full of ties and with some copies
    frame = pl.DataFrame({"user_id": user, "item_id": item, "timestamp": time})
    frame.write_csv(tmp_path / "a.csv")
    dataset, _ = build_dataset(tmp_path / "a.csv", None, Columns(), min_interactions=1)
    distinct = (
        frame.to_pandas()
        .drop_duplicates()
        .sort_values("timestamp", kind="stable")
        .sort_values("user_id", kind="stable")
    )
    ids = dataset.catalogue["item_id"].to_numpy()
    assert (ids[dataset.histories.values] == distinct["item_id"].to_numpy()).all()
    assert (dataset.histories.lengths == distinct.groupby("user_id").size().to_numpy()).all()


def test_the_table_of_items_is_counted_and_never_adds_items() -> None:
    rows = [(1, "a", 1), (1, "b", 2), (1, "c", 3)]
    items = pl.DataFrame({"item_id": ["b", "b", "a", "z", None], "title": ["B", "other", "  ", "Z", "none"]})
    dataset, report = built(rows, items)
    assert dataset.catalogue.rows() == [("a", None), ("b", "B"), ("c", None)]
    assert dataset.text_columns == ("title",)
    assert count(report, "rows of the table of items without an id") == 1
    assert count(report, "repeated rows of one item") == 1
    assert count(report, "items described but without interactions") == 1
    assert count(report, "items without a row") == 1
    assert count(report, "items without any text") == 2


def test_a_table_of_items_without_any_text_is_as_none() -> None:
    items = pl.DataFrame({"item_id": ["a", "b"], "title": ["", None]})
    assert built([(1, "a", 1)], items)[0].text_columns == ()
    assert built([(1, "a", 1)], items.select("item_id"))[0].text_columns == ()


def test_columns_may_have_any_name_and_lie_among_others() -> None:
    frame = pl.DataFrame({"item": [0], "user": [0], "time": [0], "when": ["2024-01-01"], "who": ["u"], "what": ["w"]})
    items = pl.DataFrame({"what": ["w"], "number": [3], "name": ["N"], "row": ["r"], "id": ["i"], "item_id": ["x"]})
    dataset, _ = build_dataset(frame, items, Columns("who", "what", "when"), min_interactions=1)
    assert histories_of(dataset) == {"u": ["w"]}
    assert dataset.catalogue.to_dicts() == [{"item_id": "w", "name": "N", "row": "r", "id": "i"}]
    columns = Columns("who", "what", "when", ("number", "row"))
    dataset, _ = build_dataset(frame, items, columns, min_interactions=1)
    assert dataset.catalogue.to_dicts() == [{"item_id": "w", "number": "3", "row": "r"}]


def test_a_user_with_one_interaction_is_kept_where_the_minimum_allows() -> None:
    dataset, report = built([(1, "a", 1), (2, "a", 1), (2, "b", 2), (2, "c", 3)])
    assert dataset.user_count == 2
    assert count(report, "users with fewer than 3 interactions") == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("user_id,item_id,timestamp\n", "holds no interactions"),
        ("userid,item_id,timestamp\n1,2,3\n", "no column 'user_id' for user ids.*\ndid you mean 'userid'"),
        ("user_id,asin,timestamp\n1,2,3\n", r"no column 'item_id' .*it has user_id, asin, timestamp"),
        ("user_id,item_id\n1,2\n", "no column 'timestamp' for the time.*\n.*set it to null to take the order of the"),
        ("user_id,item_id,timestamp\n1,2,3\n,2,4\n", r"1 row\(s\) have no user id .* first is data row 2"),
        ("user_id,item_id,timestamp\n1,2,3\n1,,4\n1,,5\n", r"2 row\(s\) have no item id .* first is data row 2"),
        ("user_id,item_id,timestamp\n1,2,3\n1,2,soon\n", "data row 2, column 'timestamp': 'soon' is no time"),
        ("user_id,item_id,timestamp\n1,2,3\n1,2\n", "data row 2, column 'timestamp': 'None' is no time"),
        ("user_id,item_id,timestamp\n1,2,nan\n", "data row 1, column 'timestamp': 'nan' is no time"),
        ("user_id,item_id,timestamp\n1,2,3,4\n", "cannot be read"),
        ("user_id,item_id,timestamp\n1,2,3\n", r"no interactions are left: .* have 2 among each other; lower"),
    ],
)
def test_bad_interactions_are_told_with_their_place(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "log.csv"
    path.write_text(content)
    with pytest.raises(InputError, match=f"(?s){message}") as caught:
        build_dataset(path, None, Columns(), min_interactions=2)
    assert str(caught.value).count("\n") <= 1
    assert "among each other" in str(caught.value) or "log.csv" in str(caught.value)


def test_bad_frames_are_told_by_their_part() -> None:
    frame = pl.DataFrame({"user_id": [1.0], "item_id": ["a"], "timestamp": [1]})
    with pytest.raises(InputError, match="the frame of interactions: the column 'user_id' holds floats"):
        built(frame)
    good = frame.with_columns(pl.col("user_id").cast(pl.Int64))
    with pytest.raises(InputError, match="the frame of items has no column 'item_id' for item ids"):
        built(good, pl.DataFrame({"title": ["x"]}))
    items = pl.DataFrame({"item_id": ["a"], "title": ["x"]})
    with pytest.raises(InputError, match="the frame of items has no column 'titel' for an item's text"):
        build_dataset(good, items, Columns(text=("titel",)), min_interactions=1)
    missing = pd.DataFrame({"user_id": [1, None], "item_id": ["a", "b"], "timestamp": [1, 2]})
    with pytest.raises(InputError, match=r"1 row\(s\) have no user id .* data row 2"):
        build_dataset(missing, None, Columns(), min_interactions=1)
    with pytest.raises(InputError, match=r"1 row\(s\) have no user id in the column 'row'"):
        build_dataset(missing.rename(columns={"user_id": "row"}), None, Columns(user="row"), min_interactions=1)
    late = pl.LazyFrame({"user_id": ["1", "x"], "item_id": ["a", "b"], "timestamp": [1, 2]})
    with pytest.raises(InputError, match="the frame of interactions cannot be read: "):
        build_dataset(late.with_columns(pl.col("user_id").cast(pl.Int64)), None, Columns(), min_interactions=1)


def test_no_minimum_leaves_all_and_the_report_is_a_plain_list() -> None:
    dataset, report = build_dataset(frame_of([(1, "a", 1)]), None, Columns(), min_interactions=1)
    assert isinstance(report, PrepareReport)
    assert dataset.item_count == dataset.user_count == 1
    assert report.rows()[0] == ("users read", 1)
    assert all(isinstance(label, str) and isinstance(value, int | str) for label, value in report.rows())
