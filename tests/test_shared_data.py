"""The real data sets come out with their published counts. Skipped where they are not on this machine."""

import json
from pathlib import Path

import polars as pl
import pytest

from sracl.config import read_config
from sracl.datasets.build import build_dataset
from sracl.datasets.splits import leave_one_out
from sracl.datasets.tables import Columns
from sracl.semantics.pool import prefix_pool
from sracl.semantics.stages import pool_of

ROOT = Path(__file__).parent.parent
DATA = ROOT.parent / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.exists(), reason="../shared/data is not on this machine")

COUNTS = {"amazon-beauty": (22_363, 12_101, 198_502), "amazon-sports": (35_598, 18_357, 296_337)}


def prepared(name: str):
    config = read_config(ROOT / "configs" / f"{name}.yaml")
    columns = Columns(*config.dataset.columns.model_dump().values())
    folder = DATA / name
    dataset, report = build_dataset(
        folder / "interactions.csv.gz", folder / "items.csv", columns, min_interactions=5, repeats="keep", domain=None
    )
    return config, dataset, report


@pytest.mark.parametrize("name", COUNTS)
def test_counts_are_the_published_ones_and_the_5_core_removes_nothing(name: str) -> None:
    _, dataset, _ = prepared(name)
    assert (dataset.user_count, dataset.item_count, len(dataset.histories.values)) == COUNTS[name]
    assert int(dataset.histories.lengths.min()) == 5


def test_beautys_prefixes_are_counted_by_protocol_and_seven_titles_are_blank() -> None:
    config, dataset, _ = prepared("amazon-beauty")
    split = leave_one_out(dataset.histories)
    assert len(pool_of(split, config)) == 198_502 - 2 * 22_363
    assert len(prefix_pool(split, "paper", 20)) == 198_502 - 22_363
    assert dataset.catalogue["title"].null_count() == 7
    assert dataset.catalogue.filter(pl.col("title").is_null())["attributes"].null_count() == 0
    assert len(split.test.users) == 22_363


def test_sports_items_without_a_text_are_counted() -> None:
    _, dataset, report = prepared("amazon-sports")
    without = dataset.catalogue["attributes"].null_count()
    assert without == 153
    assert "153" in json.dumps(report.rows())


def test_real_times_order_the_films_of_latest_small() -> None:
    folder = DATA / "ml-latest-small"
    columns = Columns("userId", "movieId", "timestamp", ("title", "genres"))
    dataset, _ = build_dataset(
        folder / "ratings.csv", folder / "movies.csv", columns, min_interactions=1, repeats="keep", domain="films"
    )
    assert (dataset.user_count, len(dataset.histories.values)) == (671, 100_004)
    assert dataset.catalogue["item_id"].dtype.is_integer()
