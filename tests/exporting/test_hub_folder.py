"""A folder with a model card loads alone, tells how the model did, and by default nothing about anyone."""

import io
import shutil
from dataclasses import replace

import pytest
import yaml
from rich.console import Console
from typer.testing import CliRunner

from sracl.cli import app
from sracl.config import read_config
from sracl.errors import InputError
from sracl.exporting.hub_folder import export_hub_folder
from sracl.pipeline.display import Display
from sracl.pipeline.run import Run
from sracl.recommender import Recommender
from sracl.transition_memory import TransitionMemory
from support.small_run import write_config, write_data

HISTORY = [["i00", "i06"]]


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported")
    write_data(folder)
    Run(read_config(write_config(folder)), Display(Console(file=io.StringIO(), width=200))).up_to("evaluate")
    return folder / "run"


def test_it_loads_alone_and_recommends_alike_without_users(run_dir, tmp_path) -> None:
    export_hub_folder(Recommender.load(run_dir), tmp_path / "shop", run_dir)
    loaded = Recommender.load(tmp_path / "shop")
    assert loaded.recommend_histories(HISTORY).equals(Recommender.load(run_dir).recommend_histories(HISTORY))
    assert loaded.dataset.user_count == 0
    with pytest.raises(InputError, match="unknown user"):
        loaded.recommend(["u003"])
    everything = b"".join(path.read_bytes() for path in (tmp_path / "shop").rglob("*") if path.is_file())
    assert b"u003" not in everything


def test_users_go_along_where_it_is_asked_for(run_dir, tmp_path) -> None:
    export_hub_folder(Recommender.load(run_dir), tmp_path / "shop", run_dir, with_users=True)
    loaded = Recommender.load(tmp_path / "shop")
    assert loaded.recommend(["u003"]).equals(Recommender.load(run_dir).recommend(["u003"]))


def test_the_card_tells_what_was_measured(run_dir, tmp_path) -> None:
    export_hub_folder(Recommender.load(run_dir), tmp_path / "shop", run_dir)
    card = (tmp_path / "shop" / "README.md").read_text()
    _, head, body = card.split("---\n", 2)
    facts = yaml.safe_load(head)
    assert facts["library_name"] == "sracl"
    found = {one["type"]: one["value"] for one in facts["model-index"][0]["results"][0]["metrics"]}
    assert f"{found['NDCG@10']:.4f}" in body
    for told in ("Protocol `strict`", "popularity", "all-MiniLM-L6-v2", "licence", "No user's history"):
        assert told in body


def test_a_bare_model_gets_a_card_without_results(run_dir, tmp_path) -> None:
    shutil.copytree(run_dir / "model", tmp_path / "model")
    export_hub_folder(Recommender.load(tmp_path / "model"), tmp_path / "shop", tmp_path / "model")
    card = (tmp_path / "shop" / "README.md").read_text()
    assert "## Results" not in card
    assert "model-index" not in card


def test_the_command_refuses_what_is_there_and_what_does_not_go_together(run_dir, tmp_path) -> None:
    result = CliRunner().invoke(app, ["export", str(run_dir), str(tmp_path / "out"), "--format", "hub"])
    assert result.exit_code == 0, result.output
    assert "without any user's history" in result.output
    again = CliRunner().invoke(app, ["export", str(run_dir), str(tmp_path / "out"), "--format", "hub"])
    assert isinstance(again.exception, InputError)
    assert "is there already" in str(again.exception)
    wrong = CliRunner().invoke(app, ["export", str(run_dir), str(tmp_path / "other"), "--with-users"])
    assert isinstance(wrong.exception, InputError)


def test_a_memory_goes_along_and_the_card_says_so(run_dir, tmp_path) -> None:
    model = Recommender.load(run_dir)
    memory = TransitionMemory.of(model.dataset.histories, model.dataset.item_count, concentration=20.0)
    model = replace(model, memory=memory)
    export_hub_folder(model, tmp_path / "shop", run_dir)
    assert f"{memory.total:,} transitions" in (tmp_path / "shop" / "README.md").read_text()
    assert Recommender.load(tmp_path / "shop").recommend_histories(HISTORY).equals(model.recommend_histories(HISTORY))
