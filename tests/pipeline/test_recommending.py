"""Recommendations for everybody: streamed, in groups of rows that do not follow the blocks of users."""

import io

import polars as pl
import pyarrow.parquet as pq
import pytest
from polars.testing import assert_frame_equal
from rich.console import Console

from sracl import answers
from sracl.config import read_config
from sracl.pipeline import recommending
from sracl.pipeline.display import Display
from sracl.pipeline.recommending import write_recommendations
from sracl.pipeline.run import Run
from sracl.recommender import Recommender
from support.small_run import USERS, write_config, write_data

PLAIN = {"cross_sequence": {"weight": 0}, "intra_sequence": {"weight": 0}}


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Recommender:
    folder = tmp_path_factory.mktemp("run")
    write_data(folder)
    config = write_config(folder, objectives=PLAIN)
    Run(read_config(config), Display(Console(file=io.StringIO()))).up_to("train")
    return Recommender.load(folder / "run")


@pytest.mark.parametrize(("rows_a_group", "groups"), [(100_000, 1), (100, 4)])
def test_the_file_holds_what_the_model_recommends(model, tmp_path, monkeypatch, rows_a_group, groups) -> None:
    wanted = model.recommend(k=10)
    monkeypatch.setattr(answers, "DEFAULT_MEMORY", 1)  # a block a user
    monkeypatch.setattr(recommending, "ROWS_A_GROUP", rows_a_group)
    assert write_recommendations(model, tmp_path / "all.parquet", None, 10, False) == USERS * 10
    assert_frame_equal(pl.read_parquet(tmp_path / "all.parquet"), wanted)
    assert pq.read_metadata(tmp_path / "all.parquet").num_row_groups == groups


def test_for_nobody_there_is_a_file_without_rows(model, tmp_path) -> None:
    assert write_recommendations(model, tmp_path / "none.parquet", pl.Series([], dtype=pl.String), 10, False) == 0
    assert pl.read_parquet(tmp_path / "none.parquet").schema == model.recommend(k=1).schema
