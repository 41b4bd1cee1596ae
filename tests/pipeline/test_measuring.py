"""What evaluation ranks of a run's targets, and what it records of that."""

import json

import numpy as np
import pytest

from sracl.config import RunConfig, changed
from sracl.evaluation.evaluate import evaluate
from sracl.pipeline.measuring import scorer_of
from sracl.pipeline.run import Run
from sracl.reporting import write_report
from sracl.studies.records import ranks_of
from support.small_run import USERS
from support.small_study import said, silent, small_config

SOME = 12


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Run:
    """A run whose targets are all ranked."""
    run = Run(small_config(tmp_path_factory.mktemp("measured")), silent())
    run.up_to("evaluate")
    return run


def with_some(config: RunConfig, **more: object) -> Run:
    return Run(changed(config, {"evaluation.targets": SOME, **more}), silent(), overwrite=True)


def metrics_of(run: Run) -> dict:
    return json.loads((run.folder / "metrics.json").read_text())


def test_all_targets_are_ranked_where_nothing_is_said(whole) -> None:
    assert metrics_of(whole)["targets"] == {"validation": USERS, "test": USERS}


def test_some_targets_have_the_ranks_that_they_have_among_all(whole) -> None:
    some = with_some(whole.config)
    scorer = scorer_of(whole)
    few, all_of_them = (ranks_of(evaluate(scorer, run.measured_split, "test")) for run in (some, whole))
    assert len(few) == SOME
    assert few.join(all_of_them, on=few.columns, how="semi").height == SOME


def test_the_same_targets_are_ranked_whatever_the_seed(whole) -> None:
    one, other = (with_some(whole.config, seed=seed).measured_split for seed in (0, 1))
    for part in ("validation", "test"):
        assert np.array_equal(one.part(part).places, other.part(part).places)


def test_training_and_the_neighbours_pool_keep_every_target(whole) -> None:
    some = with_some(whole.config, protocol="paper")
    assert len(some.split.validation) == len(whole.split.validation)
    assert len(some.pool) == len(whole.pool) + USERS


def test_metrics_say_how_many_were_ranked_and_only_evaluation_is_made_anew(whole) -> None:
    before = {name: stamp.fingerprint for name, stamp in whole.made.items()}
    some = with_some(whole.config)
    some.up_to("evaluate")
    found = metrics_of(some)
    assert found["targets"] == {"validation": SOME, "test": SOME}
    assert found["users"] == SOME
    assert found["split_facts"]["test"]["targets"] == USERS
    assert all(sum(group["targets"] for group in groups.values()) == SOME for groups in found["test_groups"].values())
    assert f"test, seen items kept, {SOME} of {USERS} targets" in said(some.display)
    made_anew = {name for name, stamp in some.made.items() if before[name] != stamp.fingerprint}
    assert made_anew == {"evaluate"}
    page = write_report(some).read_text(encoding="utf-8")
    assert f"{SOME} of {USERS} test targets" in page
    assert "as in metrics.json" in page
    assert "of another model" not in page
