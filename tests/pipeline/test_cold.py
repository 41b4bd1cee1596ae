"""Items held out train nothing, are recommended by their texts, and are measured beside what needs no model."""

import io
import json

import numpy as np
import polars as pl
import pytest
from rich.console import Console

from sracl.config import read_config
from sracl.datasets.held_out import HeldOutItems
from sracl.errors import InputError
from sracl.pipeline.display import Display
from sracl.pipeline.run import Run
from support.small_run import ITEMS, write_config, write_data

PLAIN = {"cross_sequence": {"weight": 0}, "intra_sequence": {"weight": 0}}


@pytest.fixture
def run_of(tmp_path):
    write_data(tmp_path)

    def made(share: float = 0.2, data: dict | None = None, **sections: object) -> Run:
        files = {"interactions": str(tmp_path / "interactions.csv"), "items": str(tmp_path / "items.csv")}
        dataset = files | {"min_interactions": 2, "max_length": 8, "cold_items": {"share": share}} | (data or {})
        config = read_config(write_config(tmp_path, dataset=dataset, objectives=PLAIN, **sections))
        return Run(config, Display(Console(file=io.StringIO(), width=200)))

    return made


def said(run: Run) -> str:
    return run.display.console.file.getvalue()


def metrics(run: Run) -> dict:
    return json.loads((run.folder / "metrics.json").read_text())


def test_items_held_out_are_in_no_training_and_are_ranked_in_the_end(run_of) -> None:
    run = run_of(cold_items={"category": "brand"})
    run.up_to("recommend")
    held = HeldOutItems.load(run.folder / "dataset" / "held_out")
    assert len(held) == ITEMS // 5
    assert run.dataset.item_count == ITEMS - len(held)
    assert not set(held.catalogue["item_id"]) & set(run.dataset.catalogue["item_id"])
    found = metrics(run)["cold"]
    assert (found["items"], found["method"]) == (len(held), "neighbors")
    rows = {"random", "popularity of the category", "text-similarity", "model"}
    assert set(found["among_cold_items"]) == set(found["among_all_items"]) == rows
    for name in rows:
        among_cold, among_all = (found[f"among_{what}_items"][name]["test"] for what in ("cold", "all"))
        assert among_cold["HR@5"] >= among_all["HR@5"]
    last = [history[-1] for history in held.histories if len(history) > 1]
    assert found["targets"] == sum(item >= run.dataset.item_count for item in last)
    assert "cold items, ranked among cold items" in said(run)
    # There are six of them.
    assert found["among_cold_items"]["model"]["test"]["HR@10"] == 1


def test_another_method_evaluates_again_and_trains_nothing_again(run_of) -> None:
    run_of().up_to("evaluate")
    again = run_of(cold_items={"method": "regression"})
    again.up_to("evaluate")
    assert "train: done before" in said(again)
    assert "cold: done before" in said(again)
    assert metrics(again)["cold"]["method"] == "regression"


def test_a_run_without_items_held_out_knows_nothing_of_it(run_of) -> None:
    run = run_of(share=0.0)
    run.up_to("evaluate")
    assert "cold" not in metrics(run)
    assert not (run.folder / "semantics").exists()
    for stamp in run.stamps.stamps.values():
        assert not any("cold" in key for key in stamp.settings)


def test_the_last_items_of_users_are_asked_after_all_that_came_before(run_of) -> None:
    run = run_of()
    run.up_to("prepare")
    raw = pl.read_csv(run.config.dataset.interactions).sort("user_id", "timestamp")
    held = HeldOutItems.load(run.folder / "dataset" / "held_out")
    ids = [*run.dataset.catalogue["item_id"], *held.catalogue["item_id"]]
    back = [[ids[item] for item in history] for history in held.histories]
    expected = raw.group_by("user_id", maintain_order=True).agg("item_id")["item_id"].to_list()
    assert back == expected
    split = held.split(run.dataset.item_count)
    users = [u for u, history in enumerate(back) if history[-1] in set(held.catalogue["item_id"])]
    assert split.test.users.tolist() == users
    assert [ids[item] for item in split.targets("test")] == [back[user][-1] for user in users]
    assert [len(read) for read in split.inputs("test")] == [len(back[user]) - 1 for user in users]


@pytest.mark.parametrize(
    ("share", "data", "sections", "told"),
    [
        (0.01, {}, {}, "holds 0 out; at least one"),
        (0.97, {}, {}, "holds 29 out"),
        (0.2, {"items": None}, {}, "no text tells of them"),
        (0.2, {}, {"cold_items": {"category": "colour"}}, "'colour' is no column of the catalogue; there are: item_id"),
        (0.2, {"split": {"kind": "global-time"}}, {}, "take leave-one-out"),
    ],
)
def test_what_cannot_be_held_out_is_said(run_of, share: float, data: dict, sections: dict, told: str) -> None:
    with pytest.raises(InputError, match=told):
        run_of(share, data, **sections).up_to("prepare")


def test_cold_embeddings_are_those_of_the_items_texts(run_of) -> None:
    run = run_of()
    run.up_to("cold")
    whole = run_of(share=0.0, run_dir=str(run.folder.parent / "whole"), evaluation={"baselines": ["text-similarity"]})
    whole.up_to("embed")
    held = HeldOutItems.load(run.folder / "dataset" / "held_out")
    numbers = whole.dataset.item_numbers(held.catalogue["item_id"])
    expected = np.load(whole.folder / "semantics" / "item_embeddings.npy")[numbers]
    np.testing.assert_allclose(np.load(run.folder / "semantics" / "cold_embeddings.npy"), expected, atol=1e-5)
