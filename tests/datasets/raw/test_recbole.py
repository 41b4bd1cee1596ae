"""RecBole's atomic files: names and types come from the header and the values."""

from pathlib import Path

import polars as pl
import pytest

from sracl.datasets.raw.movielens import read_ml_100k
from sracl.datasets.raw.recbole import read_atomic, read_ml_100k_atomic
from sracl.errors import InputError


def atomic(path: Path, *lines: str) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def test_types_come_from_the_header(tmp_path: Path) -> None:
    header = "item_id:token\ttitle:token_seq\tprice:float\tembedding:float_seq\tcode:token"
    path = atomic(tmp_path / "x.item", header, '7\tA "B\t1.5\t0.1 0.2\t007', "-8\tCafé\t\t\t8")
    frame = read_atomic(path).collect()
    assert frame.schema == pl.Schema(
        {"item_id": pl.Int64, "title": pl.String, "price": pl.Float64, "embedding": pl.String, "code": pl.String}
    )
    assert frame.rows() == [(7, 'A "B', 1.5, "0.1 0.2", "007"), (-8, "Café", None, None, "8")]


@pytest.mark.parametrize("value", ["01", "+1", "-0", "1.0", "1e3", " 1", "x", "9" * 30])
def test_ids_that_are_no_canonical_integers_stay_text(value: str, tmp_path: Path) -> None:
    path = atomic(tmp_path / "x.inter", "user_id:token", "5", value)
    assert read_atomic(path).collect()["user_id"].to_list() == ["5", value]


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["user_id\titem_id:token"], "'user_id' is no column"),
        (["user_id:text"], "'user_id:text' is no column"),
        (["a:token\ta:token"], "stands there twice"),
        (["a:token\tb:float", "1\t2", "1\tmany"], "row 2, column 'b': 'many' is not a number"),
        (["a:token", "1\t2\t3"], "no table of 1 tab-separated columns"),
        ([], "no column"),
    ],
)
def test_malformed_files_are_refused(lines: list[str], reason: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=reason):
        read_atomic(atomic(tmp_path / "x.inter", *lines))


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_atomic(tmp_path / "absent.inter")


def test_a_header_alone_is_an_empty_table(tmp_path: Path) -> None:
    frame = read_atomic(atomic(tmp_path / "x.inter", "a:token\tb:float")).collect()
    assert frame.height == 0
    assert frame.columns == ["a", "b"]


def test_both_sources_of_ml_100k_give_the_same_tables(tmp_path: Path) -> None:
    def item(number: int, title: str, genres: set[int]) -> str:
        return f"{number}|{title}|01-Jan-1995||http://x|" + "|".join(str(int(g in genres)) for g in range(19))

    films = [
        item(1, "Toy Story (1995)", {3, 4, 5}),
        item(12, "Usual Suspects, The (1995)", {6, 16}),
        item(267, "unknown", {0}),
        item(543, "Misérables, Les (1995)", {8, 12}),
        item(1412, "Land Before Time III: The Time (1995) (V)", {3, 4}),
    ]
    (tmp_path / "u.item").write_text("\n".join(films) + "\n", encoding="latin-1")
    atomic(tmp_path / "u.data", "196\t12\t3\t881250949", "22\t1\t1\t878887116")
    atomic(
        tmp_path / "ml-100k.inter",
        "user_id:token\titem_id:token\trating:float\ttimestamp:float",
        "196\t12\t3\t881250949",
        "22\t1\t1\t878887116",
    )
    atomic(
        tmp_path / "ml-100k.item",
        "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq",
        "1\tToy Story\t1995\tAnimation Children's Comedy",
        "12\tUsual Suspects, The\t1995\tCrime Thriller",
        "267\tunkonwn\tunkonwn\tunknown",
        "543\tMisérables, Les\t1995\tDrama Musical",
        "1412\tLand Before Time III: The Time (1995)\tV\tAnimation Children's",
    )
    publisher, wheel = read_ml_100k(tmp_path), read_ml_100k_atomic(tmp_path)
    assert publisher.interactions.collect().equals(wheel.interactions.collect())
    assert publisher.items.collect().equals(wheel.items.collect())
    assert (publisher.text, publisher.domain) == (wheel.text, wheel.domain)


def test_atomic_files_of_other_data_are_no_ml_100k(tmp_path: Path) -> None:
    atomic(tmp_path / "ml-100k.inter", "user_id:token\titem_id:token", "u1\t5")
    atomic(tmp_path / "ml-100k.item", "item_id:token", "5")
    with pytest.raises(InputError, match="column 'user_id' is String, not Int64"):
        read_ml_100k_atomic(tmp_path)
