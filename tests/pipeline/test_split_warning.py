"""What a run says and records of its split."""

import io
import json

import numpy as np
import pytest
from rich.console import Console

from sracl.config import read_config
from sracl.errors import InputError
from sracl.pipeline.display import Display
from sracl.pipeline.run import Run
from sracl.pipeline.split_warning import FEW_TARGETS
from sracl.semantics.index import SemanticIndex
from support.small_run import write_config, write_data

SPREAD = 8


@pytest.fixture
def config(tmp_path):
    write_data(tmp_path, spread=SPREAD)
    return read_config(write_config(tmp_path))


def run_of(config, *, overwrite: bool = False) -> Run:
    return Run(config, Display(Console(file=io.StringIO(), width=200)), overwrite)


def said(run: Run) -> str:
    return run.display.console.file.getvalue()


def with_split(config, **settings):
    from sracl.config import SplitConfig

    return config.model_copy(update={"dataset": config.dataset.model_copy(update={"split": SplitConfig(**settings)})})


def log_of(config) -> list[dict]:
    return [json.loads(line) for line in (config.run_dir / "log.jsonl").read_text().splitlines()]


def test_leave_one_out_warns_once_and_keeps_the_warning(config) -> None:
    run = run_of(config)
    run.up_to("evaluate")
    assert said(run).count("leave-one-out leaks across users in time") == 1
    assert "of the training interactions are later than a test target" in said(run)
    again = run_of(config, overwrite=True)
    again.forget_from("train")
    again.up_to("evaluate")
    assert "leaks across users" not in said(again)
    log = log_of(config)
    assert [record["warning"].split(":")[0] for record in log if "warning" in record] == [
        "leave-one-out leaks across users in time"
    ]
    assert {record["split"] for record in log if "validation" in record} == {"leave-one-out"}
    assert json.loads((config.run_dir / "metrics.json").read_text())["split"] == "leave-one-out"


def test_without_times_the_warning_says_that_nothing_could_be_counted(tmp_path) -> None:
    write_data(tmp_path)
    run = run_of(read_config(write_config(tmp_path)))
    run.up_to("train")
    assert "no times are known to count them" in said(run)


@pytest.mark.parametrize("targets", ["first", "every"])
def test_a_whole_run_by_global_time_sees_nothing_after_the_cut(config, targets: str) -> None:
    config = with_split(config, kind="global-time", validation=0.6, test=0.8, targets=targets)
    run = run_of(config)
    run.up_to("recommend")
    assert "leaks across users" not in said(run)
    assert ("test has" in said(run)) == (len(run.split.test) < FEW_TARGETS)
    cut = np.sort(run.dataset.times)[int(0.6 * len(run.dataset.times))]
    assert len(run.pool) == int((run.dataset.times < cut).sum())
    index = SemanticIndex.load(run.folder / "semantics", run.dataset, run.pool)
    assert index.prefix_neighbors.max() < len(run.pool)
    metrics = json.loads((config.run_dir / "metrics.json").read_text())
    facts = metrics["split_facts"]
    assert metrics["split"] == facts["name"] == "global-time"
    assert facts["training"]["interactions"] == len(run.pool)
    assert len(facts["cuts"]) == 2
    assert facts["test"]["users"] == metrics["users"] <= facts["test"]["targets"]
    assert set(metrics["test_known_items"]) == set(metrics["test"])
    manifest = json.loads((config.run_dir / "semantics" / "manifest.json").read_text())
    assert manifest["split"] == "global-time"
    assert {record["split"] for record in log_of(config) if "warning" not in record} == {"global-time"}


def test_another_split_keeps_the_data_and_refuses_what_follows(config) -> None:
    run_of(config).up_to("neighbors")
    other = with_split(config, kind="global-time")
    with pytest.raises(InputError, match=r"stage `describe`.*dataset.split.kind was not in use, now 'global-time'"):
        run_of(other).up_to("neighbors")
    run_of(other, overwrite=True).up_to("neighbors")
    back = run_of(config)
    with pytest.raises(InputError, match=r"dataset.split.kind was 'global-time', now not in use"):
        back.up_to("neighbors")
    assert "prepare: done before" in said(back)


def test_positions_have_no_global_time(tmp_path) -> None:
    write_data(tmp_path)
    config = with_split(read_config(write_config(tmp_path)), kind="global-time")
    with pytest.raises(InputError, match="only counts each user's own interactions"):
        run_of(config).up_to("describe")
