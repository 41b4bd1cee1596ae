"""Tables of every format open to the same rows, and damaged ones say what is wrong."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import polars as pl
import pytest

from sracl.datasets.tables import Opened, open_table, read_table
from sracl.errors import InputError

CSV = "user_id,item_id,timestamp\n1,007,10\n2,b c,20\n"
JSON = '{"user_id": 1, "item_id": "007", "timestamp": 10}\n{"user_id": 2, "item_id": "b c", "timestamp": 20}\n'
ATOMIC = "user_id:token\titem_id:token\ttimestamp:float\n1\t007\t10\n2\tb c\t20\n"


def rows(table: Opened) -> list[tuple]:
    return table.collect(table.frame).rows()


def written(folder: Path, name: str, content: str | bytes) -> Path:
    content = content.encode() if isinstance(content, str) else content
    path = folder / name
    path.write_bytes(gzip.compress(content) if name.lower().endswith(".gz") else content)
    return path


@pytest.mark.parametrize("name", ["a.csv", "a.CSV", "a.csv.gz", "a.b.csv", "[1]*.csv"])
def test_text_keeps_what_stands_there(tmp_path: Path, name: str) -> None:
    table = read_table(written(tmp_path, name, CSV))
    assert table.untyped
    assert rows(table) == [("1", "007", "10"), ("2", "b c", "20")]


@pytest.mark.parametrize("name", ["a.tsv", "a.tsv.gz"])
def test_tabs_separate_in_tsv(tmp_path: Path, name: str) -> None:
    assert rows(read_table(written(tmp_path, name, CSV.replace(",", "\t"))))[0] == ("1", "007", "10")


@pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson", "a.json", "a.jsonl.gz", "[1]?.jsonl"])
def test_json_lines_have_types_of_their_own(tmp_path: Path, name: str) -> None:
    table = read_table(written(tmp_path, name, JSON))
    assert not table.untyped
    assert rows(table) == [(1, "007", 10), (2, "b c", 20)]


def test_a_json_key_that_comes_late_is_not_lost(tmp_path: Path) -> None:
    late = '{"item_id": 1, "title": null}\n' * 12_000 + '{"item_id": 2, "title": "A", "brand": "B"}\n'
    table = read_table(written(tmp_path, "items.jsonl", late))
    assert table.column_names() == ["item_id", "title", "brand"]
    assert rows(table)[-1] == (2, "A", "B")


@pytest.mark.parametrize("name", ["a.parquet", "[1].parquet"])
def test_parquet_keeps_its_types(tmp_path: Path, name: str) -> None:
    pl.DataFrame({"user_id": [1], "item_id": ["007"]}).write_parquet(tmp_path / name)
    table = read_table(tmp_path / name)
    assert rows(table) == [(1, "007")]
    assert not table.untyped


def test_atomic_files_take_the_types_of_their_header(tmp_path: Path) -> None:
    assert rows(read_table(written(tmp_path, "a.inter", ATOMIC))) == [(1, "007", 10.0), (2, "b c", 20.0)]


def test_frames_of_both_libraries_are_tables(tmp_path: Path) -> None:
    frame = pl.DataFrame({"user_id": [1, 2], "item_id": ["a", None]})
    pandas = pd.DataFrame({"user_id": [1, 2], "item_id": ["a", None]}, index=[7, 7])
    for source in (frame, frame.lazy(), pandas):
        assert rows(open_table(source, "interactions")) == [(1, "a"), (2, None)]


def test_a_path_may_be_given_as_text(tmp_path: Path) -> None:
    assert len(rows(open_table(str(written(tmp_path, "a.csv", CSV)), "interactions"))) == 2


def test_pandas_is_not_imported_for_those_who_do_not_use_it(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", CSV)
    code = (
        "import sys; from pathlib import Path; from sracl.datasets.build import build_dataset, Columns\n"
        f"build_dataset(Path({str(path)!r}), None, Columns(), min_interactions=1)\n"
        "assert 'pandas' not in sys.modules and 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "", "is empty"),
        ("a.csv", "\n\n", "cannot be read"),
        ("a.csv.gz", "", "cannot be read"),
        ("a.csv", "a,b\n1,2,3\n", "cannot be read: .*\nIt must be UTF-8 text with a header, and no line"),
        ("a.csv", "a,b\ncafé,2\n".encode("latin-1"), "cannot be read: .*utf-8"),
        ("a.csv", 'a,b\n"x,2\n3,4\n', "cannot be read"),
        ("a.jsonl", '[{"a": 1}, {"a": 2}]', "cannot be read: .*\n.*one JSON object a line"),
        ("a.jsonl", '[\n{"a": 1}\n]', "cannot be read"),
        ("a.jsonl", '{"a": 1}\n{"a": 2', "cannot be read"),
        ("a.jsonl", "1\n2\n", "cannot be read"),
        ("a.jsonl", "\n\n", "cannot be read"),
        ("a.jsonl", b'{"a": "\xff"}\n', "cannot be read"),
        ("a.json", '{"a":' + "[" * 5000 + "]" * 5000 + "}", "cannot be read"),
        ("a.parquet", "PAR1 or so", "cannot be read: .*\nIs the file whole"),
        ("a.inter", "user_id\titem_id\n1\t2\n", "line 1"),
        ("a.xlsx", "PK", r"suffix that is not known: use \.csv"),
        ("a", "x", "suffix that is not known"),
        ("a.gz", "x", "suffix that is not known"),
        ("a.parquet.gz", "x", "suffix that is not known"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_the_reason(
    tmp_path: Path, name: str, content: str | bytes, message: str
) -> None:
    path = written(tmp_path, name, content)
    with pytest.raises(InputError, match=f"(?s){name}.*{message}"):
        rows(read_table(path))


def test_a_cut_archive_is_refused_and_not_read_in_part(tmp_path: Path) -> None:
    packed = gzip.compress(("a,b\n" + "".join(f"{n},{n * n}\n" for n in range(10_000))).encode())
    (tmp_path / "a.csv.gz").write_bytes(packed[: len(packed) // 2])
    with pytest.raises(InputError, match=r"a\.csv\.gz cannot be read"):
        rows(read_table(tmp_path / "a.csv.gz"))


def test_damage_in_the_middle_of_parquet_is_an_input_error(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pl.DataFrame({"a": [str(n) for n in range(10_000)]}).write_parquet(path)
    content = bytearray(path.read_bytes())
    content[len(content) // 3 : len(content) // 2] = bytes(len(content) // 2 - len(content) // 3)
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"a\.parquet cannot be read"):
        rows(read_table(path))


def test_what_is_no_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no file .*none\.csv"):
        read_table(tmp_path / "none.csv")
    with pytest.raises(InputError, match="there is no file"):
        read_table(tmp_path)
    with pytest.raises(InputError, match="interactions must be a Polars or pandas frame or a path, not list"):
        open_table([1, 2], "interactions")
    mixed = pd.DataFrame({"user_id": [1, "a"]}, dtype=object)
    with pytest.raises(InputError, match=r"the frame of items cannot be read: .*; a column must hold values of one"):
        open_table(mixed, "items")


def test_a_missing_column_is_named_with_those_there_are_and_the_nearest(tmp_path: Path) -> None:
    table = read_table(written(tmp_path, "a.csv", CSV))
    with pytest.raises(InputError) as caught:
        table.need("userid", "user ids", ".user")
    assert str(caught.value) == (
        f"{tmp_path / 'a.csv'} has no column 'userid' for user ids; it has user_id, item_id, timestamp.\n"
        "did you mean 'user_id'? Set dataset.columns.user."
    )


def test_a_json_file_may_hold_any_key(tmp_path: Path) -> None:
    strange = {"user id": 1, "": 2, "a.b": 3}
    assert rows(read_table(written(tmp_path, "a.jsonl", json.dumps(strange)))) == [(1, 2, 3)]
