"""Yelp's open data set, from the archive that everyone downloads for themselves after accepting Yelp's terms."""

from datetime import date
from pathlib import Path

import polars as pl

from sracl.datasets.raw.base import RawData
from sracl.datasets.raw.json_lines import read_json_lines
from sracl.datasets.raw.sources import opened
from sracl.errors import InputError

BUSINESSES = "yelp_academic_dataset_business.json"
REVIEWS = "yelp_academic_dataset_review.json"
ARCHIVES = (".tar", ".tar.gz", ".tgz", ".zip")
TEXT = ("name", "categories", "city", "state", "address")

PAPER_SINCE = date(2019, 1, 1)
"""The paper takes the reviews from this day on."""


def read_yelp(path: Path, since: date | None = None) -> RawData:
    """Read reviews and businesses from Yelp's tar or zip archive, or a folder with the two unpacked JSON files.

    since: reviews before this day are left out; None: all reviews (the paper has 1 January 2019, `PAPER_SINCE`).
    Ids are String, timestamps seconds since 1970 (Yelp's local times taken as they stand). Items have String columns
    name, categories, city, state and address, null where not known.
    Raises InputError with file and line where something is missing or malformed.
    """
    with opened(path, BUSINESSES) as stream:
        places = read_json_lines(
            stream,
            f"{path}: {BUSINESSES}",
            pl.Schema(dict.fromkeys(("business_id", *TEXT), pl.String)),
            required=("business_id",),
        )
    with opened(path, REVIEWS) as stream:
        reviews = read_json_lines(
            stream,
            f"{path}: {REVIEWS}",
            pl.Schema(dict.fromkeys(("user_id", "business_id", "date"), pl.String)),
            required=("user_id", "business_id", "date"),
            shape=lambda block: _dated(block, since, f"{path}: {REVIEWS}"),
        )
    interactions = reviews.select("user_id", pl.col("business_id").alias("item_id"), pl.col("date").alias("timestamp"))
    text = pl.col(TEXT).str.strip_chars()
    items = places.select(pl.col("business_id").alias("item_id"), pl.when(text != "").then(text))
    described = items.unique("item_id", keep="first", maintain_order=True)
    return RawData(interactions.lazy(), described.lazy(), TEXT, "places")


def _dated(reviews: pl.DataFrame, since: date | None, source: str) -> pl.DataFrame:
    """Texts such as `2019-03-01 12:00:05` or `2019-03-01` as seconds, and only those from `since` on."""
    text = pl.col("date")
    padded = pl.when(text.str.len_chars() == 10).then(text + " 00:00:00").otherwise(text)
    times = reviews.with_columns(padded.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False).alias("time"))
    wrong = times.filter(pl.col("time").is_null())["date"]
    if len(wrong):
        raise InputError(f"{source}: {wrong[0][:80]!r} is not a date such as '2019-03-01 12:00:05'")
    kept = times if since is None else times.filter(pl.col("time") >= pl.lit(since))
    return kept.with_columns((pl.col("time").dt.epoch("s")).alias("date")).drop("time")
