"""Amazon Reviews 2023, as the McAuley Lab gives it out: a category's ratings or reviews, and its products."""

from pathlib import Path

import polars as pl

from sracl.datasets.raw.base import RawData
from sracl.datasets.raw.delimited import read_delimited
from sracl.datasets.raw.json_lines import read_json_lines
from sracl.datasets.raw.sources import opened

TEXT = ("title", "store", "categories", "features", "description")


_PRODUCT = pl.Schema(
    {"parent_asin": pl.String(), "title": pl.String(), "store": pl.String()}
    | dict.fromkeys(("categories", "features", "description"), pl.List(pl.String))
)


def read_amazon_2023(path: Path, category: str, domain: str = "products") -> RawData:
    """Read a category's interactions and `meta_CATEGORY.jsonl.gz` (or unpacked) from a folder.

    The interactions are `CATEGORY.csv.gz` (the publisher's ratings alone, 0-core or 5-core) where it is there, else
    `CATEGORY.jsonl.gz` (the reviews). An item is a `parent_asin`: what variants of one product share.
    category: as the files spell it, such as `All_Beauty`. domain: what the items are.
    Ids are String, timestamps milliseconds since 1970. Items have String columns title, store, categories, features and
    description, null where not known.
    Raises InputError with file and line where something is missing or malformed.
    """
    name = f"meta_{category}.jsonl"
    with opened(path, name) as stream:
        items = read_json_lines(
            stream,
            f"{path}: {name}",
            _PRODUCT,
            required=("parent_asin",),
            shape=_flat,
        )
    interactions = _interactions(path, category).rename({"parent_asin": "item_id"})
    described = items.unique("parent_asin", keep="first", maintain_order=True).rename({"parent_asin": "item_id"})
    return RawData(interactions.lazy(), described.lazy(), TEXT, domain)


def _flat(products: pl.DataFrame) -> pl.DataFrame:
    joined = [pl.col("categories", "features").list.join(", "), pl.col("description").list.join(" ")]
    tidy = pl.col(TEXT).str.replace_all(r"\s+", " ").str.strip_chars()
    filled = pl.when(pl.col(TEXT) != "").then(pl.col(TEXT))
    return products.with_columns(joined).with_columns(tidy).with_columns(filled)


def _interactions(path: Path, category: str) -> pl.DataFrame:
    ids = {"user_id": pl.String, "parent_asin": pl.String}
    if path.is_dir() and any((path / f"{category}.csv{ending}").is_file() for ending in ("", ".gz")):
        name = f"{category}.csv"
        with opened(path, name) as stream:
            ratings = read_delimited(
                stream,
                f"{path}: {name}",
                ids | {"rating": pl.Float64, "timestamp": pl.Int64},
                separator=",",
                header=True,
            )
        return ratings.drop("rating")
    name = f"{category}.jsonl"
    with opened(path, name) as stream:
        columns = pl.Schema(ids | {"timestamp": pl.Int64})
        return read_json_lines(stream, f"{path}: {name}", columns, required=tuple(columns))
