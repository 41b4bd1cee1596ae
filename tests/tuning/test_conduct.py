"""Searches made for real: judged by validation, tested once, and on from where a kill left them."""

import os
import signal
import subprocess
import sys
import time
from typing import Any

import polars as pl
import pytest

from sracl.config import read_config
from sracl.errors import InputError, SraclError
from sracl.studies.conduct import Options as StudyOptions
from sracl.studies.conduct import conduct
from sracl.studies.place import Place
from sracl.studies.processes import Pool
from sracl.tuning.conduct import Options, tune
from sracl.tuning.search import Budget, Trial
from support.small_study import said, silent, small_config

SPACE = {"backbone.dropout": [0.1, 0.5], "training.learning_rate": {"low": 0.001, "high": 0.02, "log": True}}
OPTIONS = Options(("plain",), Budget(3, None), jobs=2)


def keys(folder) -> set[str]:
    return {path.stem for path in folder.glob("*.json")}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A configuration whose plain backbone is tuned, and what was found."""
    config = small_config(tmp_path_factory.mktemp("finished"), tune={"space": SPACE})
    return config, tune(config, OPTIONS, silent())


def test_the_best_of_the_trials_by_validation_is_written_and_it_alone_is_tested(finished) -> None:
    config, (found,) = finished
    folder = config.run_dir / "studies"
    trials = pl.read_parquet(folder / "tune" / "trials.parquet")
    assert trials.height == 3
    assert trials["state"].to_list() == ["complete"] * 3
    assert trials.row(0, named=True)["backbone.dropout"] == 0.5, "the configured settings were tried first"
    best = trials.sort("validation MRR@10").row(-1, named=True)
    assert found.values == {key: best[key] for key in SPACE}
    assert found.record.validation["MRR@10"] == best["validation MRR@10"]
    of_trials = Place(folder / "tune").records
    assert len(keys(of_trials.folder)) == 3
    assert not any(of_trials.find(key).test or of_trials.find(key).test_unseen for key in keys(of_trials.folder))
    assert not list(of_trials.folder.glob("*.parquet")), "no test target of a trial was ranked"
    assert keys(folder / "runs") == {found.record.key} <= keys(of_trials.folder)
    assert found.record.test["NDCG@10"] > 0
    assert not [path for path in (folder / "tune" / "work").iterdir() if path.is_dir()]


def test_the_best_configuration_runs_as_it_stands(finished) -> None:
    config, (found,) = finished
    written = read_config(config.run_dir / "studies" / "tune" / "plain.yaml")
    assert written.backbone.dropout == found.values["backbone.dropout"]
    assert written.training.learning_rate == found.values["training.learning_rate"]
    assert not written.objectives.contrastive
    assert written.run_dir != config.run_dir


def test_the_same_call_makes_nothing_and_a_larger_budget_goes_on(finished, monkeypatch) -> None:
    config, before = finished
    with monkeypatch.context() as patch:
        patch.setattr(Pool, "start", lambda *_: pytest.fail("something was trained again"))
        assert tune(config, OPTIONS, silent()) == before
        # A study with the tuned settings takes the run that was tested.
        tuned = read_config(config.run_dir / "studies" / "tune" / "plain.yaml")
        options = StudyOptions((0,), ("sasrec",), folder=config.run_dir / "studies")
        assert conduct(tuned, "backbones", options, silent()).runs["key"].to_list() == [before[0].record.key]
    display = silent()
    (more,) = tune(config, Options(("plain",), Budget(5, None), jobs=2), display)
    assert sum(more.trials.values()) == 5
    assert said(display).count("validation MRR@10 0") >= 2
    assert "plain: 3 trials over" in said(display)


def test_hopeless_trials_are_ended_and_leave_nothing(tmp_path, monkeypatch) -> None:
    """Trials of an epoch are complete; the others would go on for days, so that they end only by being ended."""
    endless = 10**9
    config = small_config(
        tmp_path,
        tune={"space": {"training.epochs": [1, endless]}, "pruner": "none"},
        training={"epochs": 1, "patience": endless, "device": "cpu"},
    )
    heard: dict[int, list[float]] = {}
    hear = Trial.hear

    def impatient(trial: Trial, epochs: list[dict[str, Any]]) -> bool:
        hopeless = hear(trial, epochs)
        heard[trial.trial.number] = [record["seconds"] for record in epochs[: trial.epoch]]
        return hopeless or trial.epoch >= 2

    monkeypatch.setattr(Trial, "hear", impatient)
    display = silent()
    (found,) = tune(config, Options(("plain",), Budget(4, None), jobs=1), display)
    trials = pl.read_parquet(config.run_dir / "studies" / "tune" / "trials.parquet")
    assert trials["training.epochs"].n_unique() == 2
    complete = (trials["training.epochs"] == 1).sum()
    assert found.trials == {"complete": complete, "pruned": 4 - complete, "fail": 0}
    assert said(display).count("hopeless after") == 4 - complete
    for trial in trials.filter(pl.col("training.epochs") == endless).iter_rows(named=True):
        assert trial["state"] == "pruned"
        assert trial["seconds"] == sum(heard[trial["number"]]) > 0
    work = config.run_dir / "studies" / "tune" / "work"
    assert not [path for path in work.iterdir() if path.is_dir()]


def test_where_every_trial_fails_it_is_told(tmp_path) -> None:
    config = small_config(tmp_path, tune={"space": {"training.learning_rate": [1e30, 1e31]}})
    display = silent()
    with pytest.raises(SraclError, match="plain: none of 2 trials came to its end"):
        tune(config, Options(("plain",), Budget(2, None), jobs=1), display)
    assert said(display).count("not finite") == 2


def test_an_unknown_method_is_named_before_anything_is_made(tmp_path) -> None:
    config = small_config(tmp_path)
    with pytest.raises(InputError, match=r"there is no method 'sasrek'; known: plain, .*sracl"):
        tune(config, Options(("sasrek",)), silent())
    assert not config.run_dir.exists()


@pytest.mark.slow
def test_a_killed_search_goes_on_and_finds_what_it_would_have_found(tmp_path) -> None:
    """kill -9 while the second trial trains, then the same command."""
    training = {"epochs": 10, "patience": 10, "targets_per_step": 15, "device": "cpu"}
    small_config(tmp_path, training=training, tune={"space": SPACE})
    command = [sys.executable, "-m", "sracl", "tune", str(tmp_path / "config.yaml"), "--methods", "plain"]
    command += ["--trials", "3", "--jobs", "1"]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    folder = tmp_path / "run" / "studies" / "tune"
    deadline = time.monotonic() + 300
    while not (keys(folder / "runs") and len(list(folder.glob("work/*/checkpoints/model/last.safetensors"))) == 2):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    assert len(keys(folder / "runs")) == 1
    gone_on = subprocess.run(command, check=True, capture_output=True, text=True)
    assert "plain: 1 trials over" in gone_on.stdout
    assert len(keys(folder / "runs")) == 3
    untouched = subprocess.run(
        [*command, "--folder", str(tmp_path / "other")], check=True, capture_output=True, text=True
    )
    assert "plain: 0 trials over" in untouched.stdout
    found, expected = (pl.read_parquet(path / "trials.parquet") for path in (folder, tmp_path / "other" / "tune"))
    wanted = ["state", "validation MRR@10", *SPACE]
    # The sampler is another one after an interruption: what was drawn before is the same.
    assert found.select(wanted).head(2).equals(expected.select(wanted).head(2))
