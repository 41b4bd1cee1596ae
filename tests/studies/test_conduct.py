"""Studies made for real: every run once, failures apart, artefacts shared, and on from where a kill left them."""

import json
import os
import signal
import subprocess
import sys
import time
from multiprocessing import active_children

import numpy as np
import polars as pl
import pytest
from filelock import FileLock

from sracl.errors import InputError, SraclError
from sracl.evaluation.evaluate import evaluate
from sracl.pipeline.measuring import scorer_of
from sracl.pipeline.run import Run
from sracl.studies import STUDIES, conduct, processes
from sracl.studies.conduct import Options, planned
from sracl.studies.conduct import conduct as conducted
from sracl.studies.definition import Study, Variant
from support.small_run import USERS
from support.small_study import said, silent, small_config

OPTIONS = Options(seeds=(0, 1), variants=("SRA-CL", "without both"), baselines=("popularity",), jobs=2)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A configuration whose ablation is done with two seeds, and what it found."""
    config = small_config(tmp_path_factory.mktemp("finished"))
    return config, conducted(config, "ablation", OPTIONS, silent())


def test_every_variant_is_run_with_every_seed_and_a_baseline_once(finished) -> None:
    _, results = finished
    found = set(results.runs.select("variant", "seed").iter_rows())
    assert found == {("popularity", 0)} | {(label, seed) for label in OPTIONS.variants for seed in (0, 1)}
    assert results.runs["key"].n_unique() == 5
    assert results.runs.filter(pl.col("variant") != "popularity")["epochs"].to_list() == [2] * 4


def test_finished_runs_leave_records_and_no_folders_and_semantics_are_there_once(finished) -> None:
    config, _ = finished
    folder = config.run_dir / "studies"
    assert len(list((folder / "runs").glob("*.json"))) == len(list((folder / "runs").glob("*.parquet"))) == 5
    assert not [path for path in (folder / "work").iterdir() if path.is_dir()]
    assert len(list(folder.rglob("prefix_embeddings.npy"))) == 1


def test_tables_and_pictures_lie_in_the_studys_folder(finished) -> None:
    config, results = finished
    folder = config.run_dir / "studies" / "ablation"
    names = {"runs.parquet", "comparisons.parquet", "table.tex", "picture.svg", "picture.png"}
    assert names <= {path.name for path in folder.iterdir()}
    assert pl.read_parquet(folder / "comparisons.parquet").equals(results.comparisons)
    assert results.comparisons.select("variant", "other", "users").unique().rows() == [
        ("SRA-CL", "without both", USERS)
    ]


def test_sparsity_compares_in_groups_from_records_alone(finished, monkeypatch) -> None:
    config, results = finished
    monkeypatch.setattr(conduct, "run_tasks", lambda *_: pytest.fail("a finished run was begun again"))
    found = conducted(config, "sparsity", Options(seeds=(0, 1)), silent())
    assert set(found.runs["key"]) == set(results.runs.filter(pl.col("variant") != "popularity")["key"])
    kept = found.comparisons.filter(pl.col("way") == "kept")
    whole = results.comparisons.filter(pl.col("way") == "kept").row(0, named=True)
    assert kept["effect"][0] == pytest.approx(whole["effect"])
    for grouping in ("history", "popularity"):
        rows = kept.filter(pl.col("grouping") == grouping)
        assert rows["users"].sum() == USERS
        assert (rows["effect"] * rows["users"]).sum() / USERS == pytest.approx(whole["effect"])


def test_a_study_that_is_done_makes_nothing_and_shows_the_same(finished, monkeypatch) -> None:
    config, results = finished
    monkeypatch.setattr(conduct, "run_tasks", lambda *_: pytest.fail("a finished run was begun again"))
    display = silent()
    again = conducted(config, "ablation", OPTIONS, display)
    assert again.runs.equals(results.runs)
    assert "5 runs, 5 of them done" in said(display)
    assert again.comparisons.equals(results.comparisons)
    assert "SRA-CL against without both" in said(display)


def test_a_run_of_a_study_is_what_the_run_alone_would_be(finished, tmp_path) -> None:
    config, results = finished
    alone = Run(config.model_copy(update={"run_dir": tmp_path / "alone"}), silent())
    alone.up_to("evaluate")
    metrics = json.loads((tmp_path / "alone" / "metrics.json").read_text())
    row = results.runs.filter((pl.col("variant") == "SRA-CL") & (pl.col("seed") == 0)).row(0, named=True)
    for name, value in metrics["test_unseen"].items():
        assert row[f"test/unseen/{name}"] == pytest.approx(value, abs=1e-6)
    for name, value in metrics["validation"].items():
        assert row[f"validation/kept/{name}"] == pytest.approx(value, abs=1e-6)
    ranks = planned(config, "ablation", OPTIONS)[1].records.ranks(row["key"])
    test = evaluate(scorer_of(alone), alone.split, "test")
    assert ranks["kept"].to_list() == test.ranks.kept.tolist()
    np.testing.assert_array_equal(ranks["user"].to_numpy(), test.users)


def test_another_study_in_the_same_folder_takes_the_runs_that_it_shares(finished, monkeypatch) -> None:
    config, results = finished
    made: list[str] = []

    def count(tasks, slots, watcher):
        made.extend(task.label for task in tasks)
        return {task.key: "not made" for task in tasks}

    monkeypatch.setattr(conduct, "run_tasks", count)
    options = Options(seeds=(0, 1), variants=("sasrec", "sasrec + SRA-CL"))
    found = conducted(config, "backbones", options, silent())
    assert not made
    assert set(found.runs["key"]) == set(results.runs.filter(pl.col("variant") != "popularity")["key"])


def three(config) -> Study:
    """One that learns nothing finite, one that learns, and one that is the same run."""
    variants = (Variant("diverges", {"training.learning_rate": 1e30}), Variant("whole"), Variant("same"))
    return Study("three", variants, (("whole", "diverges"),))


def test_a_failed_run_is_told_and_the_others_go_on_and_the_next_call_tries_it_alone(tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(STUDIES, "three", three)
    config = small_config(tmp_path)
    options = Options(seeds=(0,), jobs=1)
    for done in (0, 2):
        display = silent()
        with pytest.raises(SraclError, match=r"1 of 3 runs failed: diverges, seed 0: .*not finite") as failed:
            conducted(config, "three", options, display)
        assert failed.value.exit_code == 1
        assert f"3 runs, {done} of them done" in said(display)
        assert "diverges, seed 0: FAILED" in said(display)
    assert said(display).count("begun:") == 1
    shown = pl.read_parquet(config.run_dir / "studies" / "three" / "runs.parquet")
    assert shown["variant"].to_list() == ["whole", "same"]
    assert shown["key"].n_unique() == 1


class Killer:
    """Kills the first run's process, and counts what is told."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.errors: dict[str, str | None] = {}

    def on_start(self, task) -> None:
        self.begun.append(task.variant)
        if len(self.begun) == 1:
            (process,) = (child for child in active_children() if child.name == task.label)
            os.kill(process.pid, signal.SIGKILL)

    def on_end(self, task, error) -> None:
        self.errors[task.variant] = error

    def on_pause(self, running) -> None:
        pass


def test_a_run_whose_process_dies_has_failed_and_no_other(finished, tmp_path) -> None:
    config, _ = finished
    options = Options(seeds=(0,), variants=("SRA-CL", "without both"), folder=tmp_path, keep=True)
    _, place, tasks = planned(config, "ablation", options)
    for task in tasks:
        conduct.make_shared(place, task.config.model_copy(update={"run_dir": config.run_dir}), silent())
    killer = Killer()
    errors = processes.run_tasks(tasks, [None, None], killer)
    assert set(errors) == {tasks[0].key}
    assert "signal 9" in killer.errors["SRA-CL"]
    assert killer.errors["without both"] is None
    assert (place.run(tasks[1].key) / "model" / "model.json").exists(), "kept, as it was wished"


def test_a_run_that_another_process_makes_is_left_to_it(finished) -> None:
    config, _ = finished
    _, place, tasks = planned(config, "ablation", OPTIONS)
    with FileLock(place.lock(tasks[0].key)):
        assert processes._startable(tasks) is tasks[1]
    assert processes._startable(tasks) is tasks[0]


def test_artefacts_are_taken_over_from_the_configurations_own_run(tmp_path) -> None:
    config = small_config(tmp_path)
    Run(config, silent()).up_to("neighbors")
    options = Options(seeds=(0,), variants=("SRA-CL",))
    _, place, (task,) = planned(config, "ablation", options)
    display = silent()
    conduct.make_shared(place, config, display)
    own = config.run_dir / "semantics" / "prefix_embeddings.npy"
    assert own.samefile(task.shared / "semantics" / "prefix_embeddings.npy")
    assert "embed: done before" in said(display)
    more = config.model_copy(update={"semantics": config.semantics.model_copy(update={"neighbors": 2})})
    display = silent()
    conduct.make_shared(place, more, display)
    assert "embed: done before" in said(display)
    assert "neighbors: done before" not in said(display)
    assert np.load(config.run_dir / "semantics" / "item_neighbors.npy").shape[1] == 3


def test_items_without_text_are_no_data_for_sra_cl(tmp_path) -> None:
    small_config(tmp_path)
    config = small_config(tmp_path, dataset={"interactions": str(tmp_path / "interactions.csv"), "min_interactions": 2})
    with pytest.raises(InputError, match="no text"):
        conducted(config, "ablation", Options(seeds=(0,), variants=("SRA-CL",)), silent())


def test_a_record_of_other_defaults_is_refused(finished, tmp_path) -> None:
    config, _ = finished
    options = Options(seeds=(0,), variants=("without both",), folder=tmp_path)
    _, place, (task,) = planned(config, "ablation", options)
    theirs = planned(config, "ablation", OPTIONS)[1].records.folder / f"{task.key}.json"
    place.records.folder.mkdir()
    values = json.loads(theirs.read_text())
    values["settings"]["training.patience"] = 3
    (place.records.folder / theirs.name).write_text(json.dumps(values))
    with pytest.raises(SraclError, match=r"defaults: training\.patience was 3, now 10"):
        conducted(config, "ablation", options, silent())


@pytest.mark.slow
def test_a_killed_study_takes_its_runs_along_and_goes_on_to_the_same_end(tmp_path) -> None:
    """kill -9 of the study's own process while it trains, then the same command."""
    training = {"epochs": 12, "patience": 12, "targets_per_step": 15, "device": "cpu"}
    small_config(tmp_path, training=training)
    command = [sys.executable, "-m", "sracl", "study", "ablation", str(tmp_path / "config.yaml"), "--seeds", "0", "1"]
    command += ["--variants", "SRA-CL", "--jobs", "2"]
    study = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    work = tmp_path / "run" / "studies" / "work"
    wait_for(lambda: len(list(work.glob("*/checkpoints/model/last.safetensors"))) == 2)
    os.kill(study.pid, signal.SIGKILL)
    study.wait()
    assert not list(work.parent.glob("runs/*.json")), "a run was over before the study was killed"
    locks = [FileLock(path, timeout=60) for path in work.glob("*.lock")]
    for lock in locks:
        with lock:
            pass
    epochs = [len((folder / "log.jsonl").read_text().splitlines()) for folder in work.iterdir() if folder.is_dir()]
    time.sleep(1)
    assert epochs == [
        len((folder / "log.jsonl").read_text().splitlines()) for folder in work.iterdir() if folder.is_dir()
    ], "a run went on without its study"
    gone_on = subprocess.run([*command, "--keep"], check=True, capture_output=True, text=True)
    assert "2 of 2" in gone_on.stdout
    for folder in (path for path in work.iterdir() if path.is_dir()):
        assert "going on from" in (folder / "run.log").read_text()
        records = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
        assert sum("warning" in record for record in records) == 1, "the split's warning is said once, not again"
        told = [record["epoch"] for record in records if "warning" not in record]
        # The epoch after the last checkpoint may have been logged twice, none was learnt twice.
        assert sorted(set(told)) == list(range(1, 13))
        assert len(told) <= 13
    untouched = subprocess.run([*command, "--folder", str(tmp_path / "other")], check=True, capture_output=True)
    assert untouched.returncode == 0
    for path in (work.parent / "runs").glob("*.parquet"):
        assert pl.read_parquet(path).equals(pl.read_parquet(tmp_path / "other" / "runs" / path.name))


def wait_for(happened, seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)
