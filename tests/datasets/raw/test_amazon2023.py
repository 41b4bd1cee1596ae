"""Amazon Reviews 2023: ratings or reviews, and products with lists of texts."""

import gzip
import json
from pathlib import Path

import pytest

from sracl.datasets.raw.amazon2023 import read_amazon_2023
from sracl.errors import InputError

PRODUCTS = [
    {
        "main_category": "All Beauty",
        "title": "Howard LC0008 Leather\u00a0 Conditioner",
        "average_rating": 4.8,
        "features": ["Soft", "Made in Italy"],
        "description": ["First.", "Second."],
        "price": "None",
        "images": [{"thumb": "http://x"}],
        "store": "Howard Products",
        "categories": [],
        "details": {"Brand": "Howard"},
        "parent_asin": "B01",
    },
    {
        "title": "",
        "features": [],
        "description": [],
        "store": None,
        "categories": None,
        "parent_asin": "B02",
        "price": 3,
    },
]
REVIEWS = [
    {"rating": 5.0, "title": "Nice", "asin": "B00", "parent_asin": "B01", "user_id": "AG", "timestamp": 1588687728923},
    {"rating": 4.0, "title": "Ok", "asin": "B02", "parent_asin": "B02", "user_id": "AG", "timestamp": 1588615855070},
]


def written(folder: Path, reviews: list[dict] = REVIEWS, products: list[dict] = PRODUCTS) -> Path:
    for name, rows in (("All_Beauty", reviews), ("meta_All_Beauty", products)):
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"{name}.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    return folder


def test_reviews_and_products_become_tables_with_text(tmp_path: Path) -> None:
    data = read_amazon_2023(written(tmp_path), "All_Beauty")
    assert data.interactions.collect().rows() == [("AG", "B01", 1588687728923), ("AG", "B02", 1588615855070)]
    assert data.items.collect().rows() == [
        ("B01", "Howard LC0008 Leather Conditioner", "Howard Products", None, "Soft, Made in Italy", "First. Second."),
        ("B02", None, None, None, None, None),
    ]
    assert data.items.collect().columns == ["item_id", *data.text]


def test_the_ratings_file_gives_the_same_interactions_as_the_reviews(tmp_path: Path) -> None:
    reviews = read_amazon_2023(written(tmp_path), "All_Beauty").interactions.collect()
    lines = [f"{r['user_id']},{r['parent_asin']},{r['rating']},{r['timestamp']}\n" for r in REVIEWS]
    ratings = "user_id,parent_asin,rating,timestamp\n" + "".join(lines)
    (tmp_path / "All_Beauty.csv.gz").write_bytes(gzip.compress(ratings.encode()))
    (tmp_path / "All_Beauty.jsonl.gz").unlink()
    assert read_amazon_2023(tmp_path, "All_Beauty").interactions.collect().equals(reviews)


def test_malformed_lines_are_told_with_file_and_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"All_Beauty\.jsonl, line 3: user_id is missing"):
        read_amazon_2023(written(tmp_path, reviews=[*REVIEWS, {"parent_asin": "B01"}]), "All_Beauty")
    with pytest.raises(InputError, match=r"meta_All_Beauty\.jsonl, line 1: parent_asin is missing"):
        read_amazon_2023(written(tmp_path, products=[{"asin": "B01"}]), "All_Beauty")
