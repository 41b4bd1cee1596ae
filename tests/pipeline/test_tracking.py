"""A run in MLflow: its settings, every epoch and the test's metrics, once, whatever interrupted it."""

import io
import json
import shutil
import socket
from pathlib import Path

import pytest
from mlflow.tracking import MlflowClient
from pydantic import ValidationError
from rich.console import Console

from sracl.config import TrackingConfig, read_config
from sracl.errors import SraclError
from sracl.pipeline.display import Display
from sracl.pipeline.mlflow_store import Store, connect
from sracl.pipeline.run import Run
from sracl.pipeline.tracking import REMEMBERED, TrackedTraining, settings_of, tracked
from support.small_run import write_config, write_data


@pytest.fixture(scope="module")
def empty_store(tmp_path_factory) -> Path:
    """MLflow takes seconds to make its tables."""
    path = tmp_path_factory.mktemp("store") / "mlflow.db"
    connect(f"sqlite:///{path}", "another")
    return path


@pytest.fixture
def address(tmp_path, monkeypatch, empty_store) -> str:
    """A store in SQLite. MLflow puts files into the working directory: not into the repository's."""
    monkeypatch.chdir(tmp_path)
    write_data(tmp_path)
    shutil.copyfile(empty_store, tmp_path / "mlflow.db")
    return f"sqlite:///{tmp_path}/mlflow.db"


def run_of(folder, address: str | None, overwrite: bool = False, **sections) -> Run:
    config = read_config(write_config(folder, tracking={"mlflow": address, "experiment": "shop"}, **sections))
    return Run(config, Display(Console(file=io.StringIO(), width=200)), overwrite)


def made(run: Run, last: str) -> Run:
    with tracked(run):
        run.up_to(last)
    return run


def said(run: Run) -> str:
    return run.display.console.file.getvalue()


def all_runs(address: str) -> list:
    client = MlflowClient(tracking_uri=address)
    return client.search_runs([client.get_experiment_by_name("shop").experiment_id])


def steps(address: str, run_id: str, metric: str) -> list[int]:
    return [one.step for one in MlflowClient(tracking_uri=address).get_metric_history(run_id, metric)]


PLAIN = {"objectives": {"cross_sequence": {"weight": 0}, "intra_sequence": {"weight": 0}}}


@pytest.mark.slow
def test_a_run_is_told_once_with_settings_epochs_metrics_and_files(tmp_path, address) -> None:
    baselines = {"evaluation": {"baselines": ["popularity", "backbone"]}}
    made(run_of(tmp_path, address), "train")
    made(run_of(tmp_path, address, **baselines), "evaluate")
    made(run_of(tmp_path, address, **baselines), "evaluate")
    (told,) = all_runs(address)
    assert (told.info.status, told.info.run_name) == ("FINISHED", "run")
    assert told.data.params["backbone.name"] == "sasrec"
    assert told.data.params["dataset.max_length"] == "8"
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert told.data.metrics["test/NDCG_at_10"] == metrics["test"]["NDCG@10"]
    popularity = metrics["baselines"]["popularity"]["test_unseen"]["HR@10"]
    assert told.data.metrics["baselines/popularity/test_unseen/HR_at_10"] == popularity
    assert steps(address, told.info.run_id, "model/validation/MRR_at_10") == [1, 2]
    assert steps(address, told.info.run_id, "backbone/losses/next_item") == [1, 2]
    assert steps(address, told.info.run_id, "test/NDCG_at_10") == [metrics["best_epoch"]]
    files = {one.path for one in MlflowClient(tracking_uri=address).list_artifacts(told.info.run_id)}
    assert files == {"config.yaml", "metrics.json"}
    assert (tmp_path / "run" / "tensorboard" / "model").is_dir()


def test_an_interrupted_run_goes_on_in_the_same_run_with_every_epoch_once(tmp_path, address, monkeypatch) -> None:
    tell = TrackedTraining.on_epoch

    def interrupted(self, record) -> None:
        tell(self, record)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(TrackedTraining, "on_epoch", interrupted)
        with pytest.raises(KeyboardInterrupt):
            made(run_of(tmp_path, address, **PLAIN), "train")
    (told,) = all_runs(address)
    assert told.info.status == "KILLED"
    made(run_of(tmp_path, address, **PLAIN), "train")
    (again,) = all_runs(address)
    assert (again.info.run_id, again.info.status) == (told.info.run_id, "FINISHED")
    assert steps(address, again.info.run_id, "model/losses/next_item") == [1, 2]


def test_training_goes_on_without_the_server_and_what_it_missed_is_told_later(tmp_path, address, monkeypatch) -> None:
    def lost(*arguments) -> None:
        raise SraclError("MLflow at nowhere cannot be used (gone); see tracking.mlflow")

    run = run_of(tmp_path, address, **PLAIN)
    with monkeypatch.context() as patched:
        patched.setattr(Store, "put_metrics", lost)
        with pytest.raises(SraclError, match="the same command tells MLflow again"):
            made(run, "train")
    assert said(run).count("training goes on") == 1
    assert (tmp_path / "run" / "model" / "model.json").exists()
    made(run_of(tmp_path, address, **PLAIN), "train")
    (told,) = all_runs(address)
    assert steps(address, told.info.run_id, "model/targets_per_second") == [1, 2]


def test_training_anew_is_another_run_to_mlflow(tmp_path, address) -> None:
    made(run_of(tmp_path, address, **PLAIN), "train")
    made(run_of(tmp_path, address, overwrite=True, seed=7, **PLAIN), "train")
    assert sorted(told.data.params["seed"] for told in all_runs(address)) == ["0", "7"]


def test_a_run_trained_before_tracking_was_asked_for_is_told_in_full(tmp_path, address) -> None:
    made(run_of(tmp_path, None, **PLAIN), "train")
    assert not (tmp_path / "run" / REMEMBERED).exists()
    made(run_of(tmp_path, address, **PLAIN), "train")
    (told,) = all_runs(address)
    assert steps(address, told.info.run_id, "model/validation/HR_at_10") == [1, 2]


def test_nothing_is_begun_before_there_is_a_training(tmp_path, address) -> None:
    made(run_of(tmp_path, address), "prepare")
    assert all_runs(address) == []


def test_a_server_that_is_down_is_told_in_a_line_before_anything_is_made(tmp_path, address) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        down = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(SraclError, match=rf"MLflow at {down} cannot be used \(.*refused\); see") as raised:
        made(run_of(tmp_path, down), "train")
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "run").exists()


def test_a_store_that_cannot_be_written_is_told_in_a_line(tmp_path, address) -> None:
    with pytest.raises(SraclError, match=r"MLflow at sqlite.* cannot be used") as raised:
        made(run_of(tmp_path, "sqlite:////proc/none/mlflow.db"), "train")
    assert "\n" not in str(raised.value)


def test_the_address_holds_no_password() -> None:
    with pytest.raises(ValidationError, match="MLFLOW_TRACKING_PASSWORD"):
        TrackingConfig(mlflow="https://me:secret@mlflow.example.com")
    assert TrackingConfig(mlflow="https://mlflow.example.com:5000").mlflow is not None


def test_settings_leave_out_what_says_nothing_about_the_result(tmp_path, address) -> None:
    config = read_config(write_config(tmp_path))
    names = set(settings_of(config.model_dump(mode="json")))
    assert {"seed", "objectives.cross_sequence.weight", "dataset.columns.user"} <= names
    assert not any(name.split(".")[0] in ("study", "tune", "tracking") for name in names)
