"""MovieLens' three formats, as GroupLens writes them."""

import zipfile
from pathlib import Path

import polars as pl
import pytest

from sracl.datasets.raw.base import RawData
from sracl.datasets.raw.movielens import read_ml_1m, read_ml_20m, read_ml_100k
from sracl.errors import InputError


def item_line(number: int, title: str, genres: set[int], released: str = "01-Jan-1995") -> str:
    flags = "|".join("1" if place in genres else "0" for place in range(19))
    return f"{number}|{title}|{released}||http://us.imdb.com/M/title-exact?x|{flags}\n"


RAW = {
    "ml-100k": {
        "u.data": b"196\t1\t3\t881250949\n186\t543\t3\t891717742\n196\t267\t4\t881250999\n",
        "u.item": (
            item_line(1, "Toy Story (1995)", {3, 4, 5})
            + item_line(267, "unknown", {0}, released="")
            + item_line(543, "Misérables, Les (1995)", {8, 12})
            + item_line(1412, "Land Before Time III (1995) (V)", {3, 4})
        ).encode("latin-1"),
    },
    "ml-1m": {
        "ratings.dat": b"1::1193::5::978300760\n1::661::3::978302109\n",
        "movies.dat": (
            "661::Am\u00e9lie: the film (2001)::Animation|Children's|Musical\n1193::Cuckoo's Nest, One (1975)::Drama\n"
        ).encode("latin-1"),
    },
    "ml-20m": {
        "ratings.csv": b"userId,movieId,rating,timestamp\r\n1,2,3.5,1112486027\r\n1,29,3.5,1112484676\r\n",
        "movies.csv": (
            'movieId,title,genres\r\n2,"American President, The (1995)",Comedy|Drama\r\n'
            "29,Cit\u00e9 (2007-2009),(no genres listed)\r\n30,Babylon 5,Sci-Fi\r\n"
        ).encode(),
    },
}
READERS = {"ml-100k": read_ml_100k, "ml-1m": read_ml_1m, "ml-20m": read_ml_20m}


def written(folder: Path, name: str, **changed: bytes) -> Path:
    for file, content in RAW[name].items():
        (folder / file).write_bytes(changed.get(file.replace(".", "_"), content))
    return folder


def tables(data: RawData) -> tuple[pl.DataFrame, pl.DataFrame]:
    return data.interactions.collect(), data.items.collect()


def test_ml_100k_has_titles_years_and_genres(tmp_path: Path) -> None:
    interactions, items = tables(read_ml_100k(written(tmp_path, "ml-100k")))
    assert interactions.rows() == [(196, 1, 881250949), (186, 543, 891717742), (196, 267, 881250999)]
    assert items.rows() == [
        (1, "Toy Story", "1995", "Animation, Children's, Comedy"),
        (267, None, None, None),
        (543, "Misérables, Les", "1995", "Drama, Musical"),
        (1412, "Land Before Time III", "1995", "Animation, Children's"),
    ]


def test_ml_1m_keeps_single_colons_and_latin_1_letters(tmp_path: Path) -> None:
    interactions, items = tables(read_ml_1m(written(tmp_path, "ml-1m")))
    assert interactions.rows() == [(1, 1193, 978300760), (1, 661, 978302109)]
    assert items.rows() == [
        (661, "Am\u00e9lie: the film", "2001", "Animation, Children's, Musical"),
        (1193, "Cuckoo's Nest, One", "1975", "Drama"),
    ]


def test_ml_20m_reads_quoted_titles_and_films_without_year_or_genre(tmp_path: Path) -> None:
    interactions, items = tables(read_ml_20m(written(tmp_path, "ml-20m")))
    assert interactions.rows() == [(1, 2, 1112486027), (1, 29, 1112484676)]
    assert items.rows() == [
        (2, "American President, The", "1995", "Comedy, Drama"),
        (29, "Cit\u00e9", "2007", None),
        (30, "Babylon 5", None, "Sci-Fi"),
    ]


@pytest.mark.parametrize("name", READERS)
def test_the_archive_reads_as_the_folder_with_int64_ids(name: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / f"{name}.zip", "w") as archive:
        for file, content in RAW[name].items():
            archive.writestr(f"{name}/{file}", content)
    (tmp_path / "raw").mkdir()
    zipped = READERS[name](tmp_path / f"{name}.zip")
    folder = READERS[name](written(tmp_path / "raw", name))
    assert tables(zipped)[0].equals(tables(folder)[0])
    assert tables(zipped)[1].equals(tables(folder)[1])
    assert zipped.interactions.collect_schema()["item_id"] == zipped.items.collect_schema()["item_id"] == pl.Int64
    assert zipped.text == ("title", "year", "genres")


def test_malformed_lines_are_told_with_file_and_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"u\.data, line 2: column user_id is 'x'"):
        read_ml_100k(written(tmp_path, "ml-100k", u_data=b"1\t1\t3\t5\nx\t1\t3\t5\n"))
    with pytest.raises(InputError, match=r"u\.item, line 1: 3 values where 24 belong"):
        read_ml_100k(written(tmp_path, "ml-100k", u_item=b"1|Toy Story|\n"))
    with pytest.raises(InputError, match=r"ratings\.dat, line 1: 3 values where 4 belong"):
        read_ml_1m(written(tmp_path, "ml-1m", ratings_dat=b"1::2::3\n"))
    with pytest.raises(InputError, match=r"movies\.csv, line 1: the header"):
        read_ml_20m(written(tmp_path, "ml-20m", movies_csv=b"id,title\n"))
