"""Yelp's archive, as people download it."""

import io
import json
import tarfile
from datetime import date
from pathlib import Path

import pytest

from sracl.datasets.raw.yelp import BUSINESSES, PAPER_SINCE, REVIEWS, read_yelp
from sracl.errors import InputError

PLACES = [
    {
        "business_id": "P1",
        "name": "St Honore Pastries",
        "address": "",
        "city": "Québec",
        "state": "PA",
        "stars": 4.0,
        "attributes": {"RestaurantsTakeOut": "True"},
        "categories": "Bakeries, Cafes",
        "hours": None,
    },
    {"business_id": "P2", "name": "Target", "address": "1 Road", "city": "X", "state": "AZ", "categories": None},
]
VISITS = [
    {
        "review_id": "r1",
        "user_id": "U1",
        "business_id": "P1",
        "stars": 3.0,
        "text": "..",
        "date": "2018-12-31 23:59:59",
    },
    {
        "review_id": "r2",
        "user_id": "U2",
        "business_id": "P2",
        "stars": 5.0,
        "text": "..",
        "date": "2019-01-01 00:00:00",
    },
    {"review_id": "r3", "user_id": "U2", "business_id": "P1", "stars": 5.0, "text": "..", "date": "2019-03-01"},
]


def lines(rows: list[dict]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def written(folder: Path, visits: list[dict] = VISITS) -> Path:
    (folder / BUSINESSES).write_bytes(lines(PLACES))
    (folder / REVIEWS).write_bytes(lines(visits))
    return folder


def test_reviews_and_places_become_tables_with_text(tmp_path: Path) -> None:
    data = read_yelp(written(tmp_path))
    assert data.interactions.collect().rows() == [
        ("U1", "P1", 1546300799),
        ("U2", "P2", 1546300800),
        ("U2", "P1", 1551398400),
    ]
    assert data.items.collect().rows() == [
        ("P1", "St Honore Pastries", "Bakeries, Cafes", "Québec", "PA", None),
        ("P2", "Target", None, "X", "AZ", "1 Road"),
    ]
    assert data.items.collect().columns == ["item_id", *data.text]


@pytest.mark.parametrize(("since", "kept"), [(None, 3), (PAPER_SINCE, 2), (date(2019, 3, 1), 1), (date(2030, 1, 1), 0)])
def test_since_keeps_the_reviews_from_that_day_on(since: date | None, kept: int, tmp_path: Path) -> None:
    assert read_yelp(written(tmp_path), since).interactions.collect().height == kept


def test_the_archive_reads_as_the_folder(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "yelp_dataset.tar", "w") as archive:
        for name, rows in ((REVIEWS, VISITS), (BUSINESSES, PLACES)):
            info = tarfile.TarInfo(name)
            info.size = len(lines(rows))
            archive.addfile(info, io.BytesIO(lines(rows)))
    (tmp_path / "raw").mkdir()
    tar, folder = read_yelp(tmp_path / "yelp_dataset.tar"), read_yelp(written(tmp_path / "raw"))
    assert tar.interactions.collect().equals(folder.interactions.collect())
    assert tar.items.collect().equals(folder.items.collect())


def test_malformed_lines_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"review\.json, line 1: date is missing"):
        read_yelp(written(tmp_path, [{"user_id": "U", "business_id": "P1"}]))
    with pytest.raises(InputError, match="'yesterday' is not a date"):
        read_yelp(written(tmp_path, [VISITS[0] | {"date": "yesterday"}]))
