"""Amazon 2014: JSON reviews, and metadata that are Python literals: parsed, never run."""

import gzip
import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sracl.datasets.raw import amazon2014
from sracl.datasets.raw.amazon2014 import read_amazon_2014
from sracl.errors import InputError

PRODUCT = (
    "{'asin': 'B0001', 'related': {'also_bought': ['B0002']}, 'title': \"Nature's Oil &amp; Caf\\xe9\", "
    "'price': 3.171, 'salesRank': {'Beauty': 5}, 'brand': '', 'imUrl': 'http://x/y.jpg', "
    "'categories': [['Beauty', 'Hair Care'], ['Beauty', 'Gifts']], 'description': 'Soft\\n and \\/ fine'}"
)


def written(folder: Path, *products: str, reviews: list[dict] | None = None) -> Path:
    if reviews is None:
        reviews = [{"reviewerID": "A1", "asin": "B0001", "overall": 5.0, "unixReviewTime": 1391040000}]
    lines = "".join(json.dumps(review) + "\n" for review in reviews)
    (folder / "reviews_Beauty_5.json.gz").write_bytes(gzip.compress(lines.encode()))
    (folder / "meta_Beauty.json.gz").write_bytes(gzip.compress("".join(p + "\n" for p in products).encode()))
    return folder


def test_reviews_and_products_become_tables_with_text(tmp_path: Path) -> None:
    data = read_amazon_2014(written(tmp_path, PRODUCT, "{'asin': 'B0002'}"), "Beauty", "beauty products")
    assert data.interactions.collect().rows() == [("A1", "B0001", 1391040000)]
    assert data.items.collect().rows() == [
        ("B0001", "Nature's Oil & Café", None, "Beauty, Hair Care, Gifts", "Soft and \\/ fine", "$3.17"),
        ("B0002", None, None, None, None, None),
    ]
    assert data.text == ("title", "brand", "categories", "description", "price")
    assert data.items.collect_schema().dtypes() == [pl.String] * 6


@pytest.mark.parametrize("wrapping", ["{}", "{{'asin': 'B1', 'title': {}}}", "[{}]", "f'{{{}}}'"])
def test_code_in_metadata_is_refused_and_not_run(wrapping: str, tmp_path: Path) -> None:
    trace = tmp_path / "was-run"
    line = wrapping.format(f"__import__('os').system('touch {trace}')".replace("'", '"'))
    with pytest.raises(InputError, match="line 2: not a dictionary of plain values"):
        read_amazon_2014(written(tmp_path, PRODUCT, line), "Beauty")
    assert not trace.exists()


@pytest.mark.parametrize(
    "line",
    [
        "{'asin': 'B1'",
        "asin,title",
        "",
        "{'asin': 'B1', 'title': 'a' * 10**9}",
        "{'asin': 'B1', 'price': 9**9**9**9}",
        "(" * 50_000 + ")" * 50_000,
        "[" * 150 + "]" * 150,
        "-" * 100_000 + "1",
        "{'asin': 'B1', [1]: 2}",
        "{'asin': " + "9" * 10_000 + "}",
        "{'asin': None}",
        "{'title': 'x'}",
        "['asin']",
        "{'asin': 'B\0'}",
    ],
    ids=lambda line: line[:20],
)
def test_malformed_metadata_are_told_with_their_line(line: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"meta_Beauty\.json, line 2: "):
        read_amazon_2014(written(tmp_path, PRODUCT, line), "Beauty")


def test_a_line_beyond_the_limit_is_not_parsed(tmp_path: Path) -> None:
    line = "{'asin': 'B1', 'title': '" + "x" * amazon2014.LONGEST_LINE + "'}"
    with pytest.raises(InputError, match="line 2: longer than 1048576 bytes"):
        read_amazon_2014(written(tmp_path, PRODUCT, line), "Beauty")


def test_rated_only_leaves_out_the_others_whatever_their_keys_order(tmp_path: Path) -> None:
    others = ("{'asin': 'B0002', 'title': 'x'}", "{'title': 'x', 'asin': 'B0003'}", "{'asin': 'B0004'}")
    rated = read_amazon_2014(written(tmp_path, *others, PRODUCT), "Beauty", rated_only=True).items.collect()
    assert rated.equals(read_amazon_2014(written(tmp_path, PRODUCT), "Beauty").items.collect())


def test_malformed_reviews_are_told_with_their_line(tmp_path: Path) -> None:
    good = {"reviewerID": "A1", "asin": "B1", "unixReviewTime": 1}
    with pytest.raises(InputError, match=r"reviews_Beauty_5\.json, line 2: asin is missing"):
        read_amazon_2014(written(tmp_path, PRODUCT, reviews=[good, {"reviewerID": "A1"}]), "Beauty")


def test_a_product_that_stands_there_twice_counts_once(tmp_path: Path) -> None:
    data = read_amazon_2014(written(tmp_path, "{'asin': 'B1', 'title': 'a'}", "{'asin': 'B1', 'title': 'b'}"), "Beauty")
    assert data.items.collect()["title"].to_list() == ["a"]


scalar = st.none() | st.booleans() | st.floats() | st.text()
value = st.recursive(scalar, lambda v: st.lists(v, max_size=3), max_leaves=6)


@given(st.fixed_dictionaries(dict.fromkeys(amazon2014.TEXT, value)))
def test_any_plain_values_are_taken_or_passed_over(tmp_path_factory: pytest.TempPathFactory, product: dict) -> None:
    line = repr(product | {"asin": "B1"})
    if "inf" in line or "nan" in line or "\n" in line or "\\ud" in line:
        return
    folder = written(tmp_path_factory.mktemp("x"), line)
    assert read_amazon_2014(folder, "Beauty").items.collect()["item_id"].to_list() == ["B1"]
