"""A run's model learns of items that came later without any training."""

import io

import polars as pl
import pytest
from rich.console import Console
from typer.testing import CliRunner

from sracl import cli
from sracl.config import read_config
from sracl.errors import InputError
from sracl.pipeline.display import Display
from sracl.pipeline.new_items import extend
from sracl.pipeline.run import Run
from sracl.recommender import Recommender
from support.small_run import ITEMS, KINDS, write_config, write_data

PLAIN = {"cross_sequence": {"weight": 0}, "intra_sequence": {"weight": 0}}
NEW = [
    {"item_id": "i90", "title": "shampoo number 0", "brand": "brand 0"},
    {"item_id": "i91", "title": None, "brand": None},
    {"item_id": "i00", "title": "an item that is known", "brand": "brand 9"},
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    write_data(folder)
    config = write_config(folder, objectives=PLAIN, evaluation={"baselines": ["text-similarity"]})
    Run(read_config(config), Display(Console(file=io.StringIO()))).up_to("train")
    pl.DataFrame(NEW).write_csv(folder / "new.csv")
    return folder


@pytest.fixture
def run(folder):
    return Run(read_config(folder / "config.yaml"), Display(Console(file=io.StringIO(), width=200)))


def test_new_items_are_recommended_by_their_texts_and_known_ones_stay(run, folder, tmp_path) -> None:
    added = extend(run, folder / "new.csv", tmp_path / "more")
    assert added.rows() == [("i90", "shampoo number 0", "brand 0"), ("i91", None, None)]
    more = Recommender.load(tmp_path / "more")
    assert more.dataset.item_count == ITEMS + 2
    nearest = more.similar_items(["i90"], k=1)["similar_item_id"].item()
    assert int(nearest[1:]) % len(KINDS) == 0, "another shampoo"
    before = Recommender.load(folder / "run").recommend(k=ITEMS)
    after = more.recommend(k=ITEMS + 2).filter(~pl.col("item_id").is_in(["i90", "i91"]))
    assert after["item_id"].to_list() == before["item_id"].to_list()
    assert more.recommend_histories([["i90", "i91", "i01"]], k=2).height == 2


def test_the_command_writes_a_model(folder, tmp_path) -> None:
    arguments = ["extend", folder / "run", folder / "new.csv", tmp_path / "more"]
    result = CliRunner().invoke(cli.app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    assert f"2 items beside the {ITEMS} that were trained" in " ".join(result.output.split())
    assert (tmp_path / "more" / "model.json").exists()


def test_a_table_that_does_not_fit_is_said(run, folder, tmp_path) -> None:
    pl.DataFrame(NEW[2:]).write_csv(tmp_path / "known.csv")
    with pytest.raises(InputError, match="knows all of its 1 items already"):
        extend(run, tmp_path / "known.csv", tmp_path / "more")
    pl.DataFrame(NEW).drop("brand").write_csv(tmp_path / "without.csv")
    with pytest.raises(InputError, match=r"without\.csv has no column 'brand' for an item's text"):
        extend(run, tmp_path / "without.csv", tmp_path / "more")
    assert not (tmp_path / "more").exists()


def test_a_run_that_read_no_texts_says_how_to_get_them(tmp_path) -> None:
    write_data(tmp_path)
    run = Run(read_config(write_config(tmp_path, objectives=PLAIN)), Display(Console(file=io.StringIO())))
    run.up_to("train")
    pl.DataFrame(NEW).write_csv(tmp_path / "new.csv")
    with pytest.raises(InputError, match=r"evaluation\.baselines=\[text-similarity\]"):
        extend(run, tmp_path / "new.csv", tmp_path / "more")
