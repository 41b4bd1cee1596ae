"""A run's baselines stand beside its model, under the same ranking, in the record and in the table."""

import io
import json

import pytest
from rich.console import Console

from sracl.config import read_config
from sracl.evaluation.baselines import BASELINES
from sracl.pipeline.baselines import baselines_of
from sracl.pipeline.display import Display
from sracl.pipeline.run import Run
from support.small_run import write_config, write_data

PLAIN = {"cross_sequence": {"weight": 0}, "intra_sequence": {"weight": 0}}


@pytest.fixture
def run_of(tmp_path):
    write_data(tmp_path)

    def made(**sections: object) -> Run:
        config = read_config(write_config(tmp_path, **sections))
        return Run(config, Display(Console(file=io.StringIO(), width=200)))

    return made


def said(run: Run) -> str:
    return run.display.console.file.getvalue()


def metrics(run: Run) -> dict:
    return json.loads((run.folder / "metrics.json").read_text())


def test_every_baseline_is_recorded_both_ways_for_both_parts_and_printed_in_order(run_of) -> None:
    entries = [*BASELINES, {"name": "item-knn", "recency": 0.5}]
    run = run_of(objectives=PLAIN, evaluation={"baselines": entries})
    run.up_to("evaluate")
    found = metrics(run)["baselines"]
    assert list(found) == [*BASELINES, "item-knn (recency=0.5)"]
    for parts in found.values():
        assert set(parts) == {"validation", "validation_unseen", "test", "test_unseen"}
        assert all(values.keys() == metrics(run)["test"].keys() for values in parts.values())
    table = said(run).split("test, seen items kept")[1].split("test, seen items removed")[0]
    rows = [line.split("  ")[0].strip() for line in table.splitlines() if "." in line]
    assert [row.split(" 0")[0].strip() for row in rows] == [*found, "plain sasrec"]


def test_texts_are_embedded_for_a_baseline_that_compares_them_and_no_neighbours_are_sought(run_of) -> None:
    run = run_of(objectives=PLAIN, evaluation={"baselines": ["text-similarity"]})
    run.up_to("evaluate")
    assert (run.folder / "semantics" / "item_embeddings.npy").exists()
    assert not (run.folder / "semantics" / "item_neighbors.npy").exists()
    again = run_of(objectives=PLAIN, evaluation={"baselines": ["popularity"]})
    again.up_to("evaluate")
    assert "train: done before" in said(again)
    assert list(metrics(again)["baselines"]) == ["popularity"]


def test_without_texts_a_baseline_that_compares_them_is_left_out_and_that_is_said(run_of, tmp_path) -> None:
    data = {"interactions": str(tmp_path / "interactions.csv"), "min_interactions": 2, "max_length": 8}
    run = run_of(dataset=data, evaluation={"baselines": ["transition-graph", "markov"]})
    run.up_to("evaluate")
    assert "transition-graph compares texts, and the items have none: it is left out" in said(run)
    assert list(metrics(run)["baselines"]) == ["markov"]


def test_baselines_know_the_training_interactions_alone(run_of) -> None:
    run = run_of()
    run.up_to("prepare")
    (name, popularity), _ = baselines_of(run)
    assert name == "popularity"
    held_out = len(run.dataset.histories.values) - int(popularity.counts.sum())
    assert held_out == 2 * run.dataset.user_count


def test_a_text_baseline_beside_a_plain_backbone_leaves_its_training_valid(run_of) -> None:
    run_of(objectives=PLAIN, evaluation={"baselines": ["popularity"]}).up_to("evaluate")
    again = run_of(objectives=PLAIN, evaluation={"baselines": ["text-similarity"]})
    again.up_to("evaluate")
    assert "train: done before" in said(again)
    assert list(metrics(again)["baselines"]) == ["text-similarity"]
