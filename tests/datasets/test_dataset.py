"""A data set comes back from its folder as it was; a damaged folder is refused."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sracl.datasets.dataset import Dataset, numbers_of, same_ids
from sracl.datasets.sequences import Sequences
from sracl.errors import InputError


def dataset_of(users: pl.Series, items: pl.Series) -> Dataset:
    """Every user has all items, in order."""
    catalogue = pl.DataFrame({"item_id": items, "title": [f"Title {n}\n\u2028é" for n in range(len(items))]})
    values = np.tile(np.arange(len(items)), len(users))
    return Dataset(
        users=pl.DataFrame({"user_id": users}),
        catalogue=catalogue,
        histories=Sequences.from_sorted(np.repeat(np.arange(len(users)), len(items)), values, len(users)),
        text_columns=("title",),
        domain="films",
    )


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    dataset_of(pl.Series([1, 2]), pl.Series(["a", "b", "c"])).save(tmp_path / "dataset")
    return tmp_path / "dataset"


@pytest.mark.parametrize(
    "ids",
    [
        pl.Series([1, 2], dtype=pl.Int8),
        pl.Series([1, 2**63], dtype=pl.UInt64),
        pl.Series([" a", "é"]),
        pl.Series([date(2024, 1, 1), date(2024, 1, 2)]),
        pl.Series([b"\x00", b"\xff"]),
    ],
)
def test_a_saved_data_set_comes_back_equal_with_ids_of_any_type(tmp_path: Path, ids: pl.Series) -> None:
    dataset = dataset_of(ids, ids)
    folder = tmp_path / "a [1]" / "dataset"
    dataset.save(folder)
    loaded = Dataset.load(folder)
    assert loaded.users.equals(dataset.users)
    assert loaded.users.schema == dataset.users.schema
    assert loaded.catalogue.equals(dataset.catalogue)
    assert loaded.catalogue.schema == dataset.catalogue.schema
    assert [history.tolist() for history in loaded.histories] == [history.tolist() for history in dataset.histories]
    assert (loaded.text_columns, loaded.domain) == (("title",), "films")
    assert loaded.user_numbers(ids).tolist() == loaded.item_numbers(ids).tolist() == [0, 1]


def test_saving_again_replaces_the_folder_and_leaves_nothing_beside_it(saved: Path) -> None:
    (saved / "stale").write_text("x")
    dataset_of(pl.Series([5]), pl.Series([6])).save(saved)
    assert Dataset.load(saved).user_count == 1
    assert [path.name for path in saved.parent.iterdir()] == ["dataset"]
    assert not (saved / "stale").exists()


@pytest.mark.parametrize(
    "name", ["dataset.json", "users.parquet", "catalogue.parquet", "histories.npy", "histories_offsets.npy"]
)
@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "garbage"])
def test_a_file_that_is_missing_or_damaged_is_refused(saved: Path, name: str, damage: str) -> None:
    path = saved / name
    content = path.read_bytes()
    path.unlink()
    if damage != "missing":
        path.write_bytes({"empty": b"", "cut": content[: len(content) // 2], "garbage": b"\x93\xff{" * 50}[damage])
    with pytest.raises(InputError, match=r"holds no readable data set .* run `sracl prepare` again"):
        Dataset.load(saved)


def fact(**changes: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        facts = json.loads((folder / "dataset.json").read_text())
        (folder / "dataset.json").write_text(json.dumps(facts | changes))

    return change


def values(*numbers: int) -> Callable[[Path], None]:
    return lambda folder: np.save(folder / "histories.npy", np.array(numbers, dtype=np.int32))


def renamed(name: str, old: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        pl.read_parquet(folder / name).rename({old: "other"}).write_parquet(folder / name)

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (fact(users=3), "the counts it states"),
        (fact(items=2), "the counts it states"),
        (fact(interactions=7), "the counts it states"),
        (fact(interactions=None), "the counts it states"),
        (fact(text_columns=["title", "brand"]), "its catalogue has no brand"),
        (fact(text_columns=None), "holds no readable data set"),
        (lambda folder: (folder / "dataset.json").write_text("[1]"), "holds no readable data set"),
        (lambda folder: (folder / "dataset.json").write_text("{}"), "holds no readable data set"),
        (values(0, 1, 2, 0, 1, 3), "numbers of no item"),
        (values(0, 1, 2, 0, 1, -1), "numbers of no item"),
        (values(0, 1, 2, 0, 1), "does not rise from 0 to the length"),
        (renamed("users.parquet", "user_id"), "its users have no user_id"),
        (renamed("catalogue.parquet", "item_id"), "its catalogue has no item_id"),
        (renamed("catalogue.parquet", "title"), "its catalogue has no title"),
    ],
)
def test_parts_that_do_not_fit_together_are_refused(saved: Path, change: Callable[[Path], None], message: str) -> None:
    change(saved)
    with pytest.raises(InputError, match=f"{message}.*run `sracl prepare` again"):
        Dataset.load(saved)


def test_ids_are_found_by_value_in_the_order_asked() -> None:
    known = pl.Series([10, 20, 30])
    assert numbers_of(known, pl.Series([30, 10, 30]), "item").tolist() == [2, 0, 2]
    assert numbers_of(known, pl.Series([30, 10], dtype=pl.Int8), "item").tolist() == [2, 0]
    assert numbers_of(known, pl.Series(["30"]), "item").tolist() == [2]
    assert numbers_of(known, pl.Series([], dtype=pl.Null), "item").tolist() == []


@pytest.mark.parametrize(
    ("known", "asked", "message"),
    [
        ([10, 20], [10, 7, 8, 7, 9, 6], r"4 unknown item id\(s\): 7, 8, 9; the model was not trained on them"),
        (pl.Series([10], dtype=pl.UInt8), [1000], r"1 unknown item id\(s\): 1000; the model was not"),
        ([10, 20], ["x"], r"1 unknown item id\(s\): 'x'; item ids are Int64, not String"),
        ([10, 20], ["010"], r"unknown item id\(s\): '010'"),
        ([1, 20], [1.5], r"unknown item id\(s\): 1.5; item ids are Int64, not Float64"),
        ([1, 20], [True], r"unknown item id\(s\): True"),
        ([10, 20], [10, None], r"1 unknown item id\(s\): None"),
        ([10, 20], [None], r"1 unknown item id\(s\): None"),
        ([10, 20], [[10]], "item ids are Int64, not List"),
        (["a"], ["b"], r"1 unknown item id\(s\): 'b'; the model was not"),
    ],
)
def test_unknown_ids_are_named_and_never_taken_for_others(known: list, asked: list, message: str) -> None:
    with pytest.raises(InputError, match=message):
        numbers_of(pl.Series(known), pl.Series(asked), "item")


def test_ids_change_their_type_only_where_they_come_back_unchanged() -> None:
    assert same_ids(pl.Series(["7", "007", "x", None]), pl.Series([1])).to_list() == [7, None, None, None]
    assert same_ids(pl.Series([7.0, 7.5, float("nan")]), pl.Series([1])).to_list() == [7, None, None]
    assert same_ids(pl.Series([7, 300]), pl.Series([1], dtype=pl.UInt8)).to_list() == [7, None]
    assert same_ids(pl.Series([7]), pl.Series(["x"])).to_list() == ["7"]
