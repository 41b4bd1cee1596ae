"""Every way to hand the tables in gives the same data set, and ids come back unchanged through it."""

import gzip
import json
from datetime import date, datetime, timedelta
from pathlib import Path

import pandas as pd
import polars as pl
import pytest

from sracl.datasets.build import Columns, build_dataset
from sracl.datasets.dataset import Dataset
from support.frames import Row, frame_of, histories_of

ROWS: list[Row] = [(2, "10", 5), (1, "9", 1), (2, "9", 4), (1, "10", 1), (1, "9", 3), (2, "10", 5)]
TITLES = {"10": "Dune, “the” film", "9": None, "11": "unseen"}


def written(folder: Path, suffix: str) -> tuple[Path, Path]:
    """The tables above in a file of this format; item ids are integers, as in the text files' reading."""
    interactions = frame_of(ROWS).with_columns(pl.col("item_id").cast(pl.Int64))
    items = pl.DataFrame({"item_id": [int(item) for item in TITLES], "title": list(TITLES.values()), "year": [1, 2, 3]})
    paths = folder / f"interactions{suffix}", folder / f"items{suffix}"
    for frame, path in zip((interactions, items), paths, strict=True):
        kind = suffix.removesuffix(".gz")
        if kind == ".parquet":
            frame.write_parquet(path)
            continue
        if kind in (".jsonl", ".ndjson", ".json"):
            text = "".join(json.dumps(row) + "\n" for row in frame.to_dicts())
        else:
            text = frame.write_csv(separator="," if kind == ".csv" else "\t")
        path.write_bytes(gzip.compress(text.encode()) if suffix.endswith(".gz") else text.encode())
    return paths


def atomic(folder: Path) -> tuple[Path, Path]:
    interactions, items = folder / "a.inter", folder / "a.item"
    lines = ["user_id:token\titem_id:token\ttimestamp:float", *("\t".join(map(str, row)) for row in ROWS)]
    interactions.write_text("\n".join(lines) + "\n")
    lines = ["item_id:token\ttitle:token_seq\tyear:float"]
    lines += [f"{item}\t{title or ''}\t{n}" for n, (item, title) in enumerate(TITLES.items())]
    items.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return interactions, items


def same(first: Dataset, second: Dataset) -> bool:
    return (
        first.users.equals(second.users)
        and first.users.schema == second.users.schema
        and first.catalogue.equals(second.catalogue)
        and first.catalogue.schema == second.catalogue.schema
        and first.histories.values.tolist() == second.histories.values.tolist()
        and first.histories.offsets.tolist() == second.histories.offsets.tolist()
        and (first.text_columns, first.domain) == (second.text_columns, second.domain)
    )


@pytest.mark.parametrize(
    "suffix",
    [".csv", ".csv.gz", ".tsv", ".tsv.gz", ".jsonl", ".jsonl.gz", ".ndjson", ".json", ".parquet", "atomic", "pandas"],
)
def test_every_format_gives_the_same_data_set(tmp_path: Path, suffix: str) -> None:
    interactions, items = written(tmp_path, ".parquet")
    expected, _ = build_dataset(interactions, items, Columns(), min_interactions=1, domain="films")
    assert histories_of(expected) == {1: [9, 10, 9], 2: [9, 10]}
    assert expected.catalogue.rows() == [(9, None), (10, TITLES["10"])]
    assert expected.text_columns == ("title",)
    if suffix == "pandas":
        sources = pd.read_parquet(interactions), pd.read_parquet(items)
    else:
        sources = atomic(tmp_path) if suffix == "atomic" else written(tmp_path, suffix)
    dataset, _ = build_dataset(*sources, Columns(), min_interactions=1, domain="films")
    assert same(dataset, expected)


MOMENTS = [datetime(2024, 1, 1) + timedelta(hours=hours) for hours in (5, 1, 4, 2)]


@pytest.mark.parametrize(
    "times",
    [
        MOMENTS,
        [moment.isoformat() for moment in MOMENTS],
        [moment.timestamp() for moment in MOMENTS],
        [str(int(moment.timestamp())) for moment in MOMENTS],
        [4, 1, 3, 2],
        pl.Series([4, 1, 3, 2], dtype=pl.UInt8),
    ],
)
def test_histories_are_in_time_order_however_time_is_written(times: list) -> None:
    frame = pl.DataFrame({"user_id": [1] * 4, "item_id": list("abcd"), "timestamp": times})
    assert histories_of(build_dataset(frame, None, Columns(), min_interactions=1)[0]) == {1: ["b", "d", "c", "a"]}


@pytest.mark.parametrize(
    "ids",
    [
        pl.Series([5, 3], dtype=pl.Int8),
        pl.Series([2**63, 3], dtype=pl.UInt64),
        pl.Series([date(2024, 1, 2), date(2024, 1, 1)]),
        pl.Series(["007", " 7"]),
        pl.Series(["b", "a"], dtype=pl.Categorical),
        pl.Series(["b", "a"], dtype=pl.Enum(["b", "a"])),
    ],
)
def test_ids_come_back_unchanged_through_a_saved_data_set(tmp_path: Path, ids: pl.Series) -> None:
    frame = pl.DataFrame({"user_id": ids, "item_id": ids, "timestamp": [1, 2]})
    items = pl.DataFrame({"item_id": ids, "title": ["x", "y"]})
    dataset, _ = build_dataset(frame, items, Columns(), min_interactions=1)
    dataset.save(tmp_path / "dataset")
    loaded = Dataset.load(tmp_path / "dataset")
    assert same(loaded, dataset)
    plain_ids = ids.cast(pl.String) if ids.dtype in (pl.Categorical, pl.Enum) else ids
    assert loaded.users["user_id"].dtype == loaded.catalogue["item_id"].dtype == plain_ids.dtype
    assert histories_of(loaded) == {value: [value] for value in plain_ids.to_list()}
    assert dict(loaded.catalogue.iter_rows()) == dict(zip(plain_ids.to_list(), ["x", "y"], strict=True))


def test_leading_zeros_of_a_csv_file_survive_and_plain_integers_become_numbers(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("user_id,item_id,timestamp\n1,007,1\n10,7,1\n9,07,1\n")
    (tmp_path / "items.csv").write_text("item_id,title\n7,seven\n007,Bond\n")
    dataset, _ = build_dataset(tmp_path / "a.csv", tmp_path / "items.csv", Columns(), min_interactions=1)
    assert histories_of(dataset) == {1: ["007"], 9: ["07"], 10: ["7"]}
    assert dict(dataset.catalogue.iter_rows()) == {"007": "Bond", "07": None, "7": "seven"}
    assert dataset.user_numbers(pl.Series([10, 1])).tolist() == [2, 0]
