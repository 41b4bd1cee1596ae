"""The command line end to end on a small real run: what it leaves, what it repeats, what it refuses."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest
import yaml
from polars.testing import assert_frame_equal

from sracl import cli
from sracl.backbones.named import import_backbone
from sracl.errors import InputError
from sracl.recommender import Recommender
from support.small_run import USERS, write_config, write_data

OWN_BACKBONE = Path(__file__).parent.parent / "examples" / "own_backbone.py"


def call(monkeypatch, capsys, *arguments: str) -> tuple[int, str, str]:
    """Run the program in this process: exit code, standard output, standard error."""
    monkeypatch.setattr(sys, "argv", ["sracl", *(str(a) for a in arguments)])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    out, err = capsys.readouterr()
    return int(stopped.value.code or 0), out, err


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A folder with data and a finished run."""
    folder = tmp_path_factory.mktemp("finished")
    write_data(folder)
    config = write_config(folder, evaluation={"baselines": ["popularity", "repeat-last", "backbone"]})
    subprocess.run([sys.executable, "-m", "sracl", "run", config], check=True, capture_output=True)
    return folder


@pytest.fixture
def again(finished, tmp_path):
    """A copy of the finished run, configured in its own place."""
    shutil.copytree(finished, tmp_path / "copy")
    folder = tmp_path / "copy"
    values = yaml.safe_load((folder / "config.yaml").read_text())
    values["run_dir"] = str(folder / "run")
    # The data stay where they were: another path is another input.
    (folder / "config.yaml").write_text(yaml.safe_dump(values))
    return folder


def test_a_run_leaves_what_the_design_promises(finished) -> None:
    run = finished / "run"
    for name in ("config.yaml", "metrics.json", "recommendations.parquet", "log.jsonl", "model/model.json"):
        assert (run / name).exists(), name
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["protocol"] == "strict"
    assert set(metrics["test"]) == {f"{m}@{k}" for m in ("HR", "NDCG", "MRR") for k in (5, 10, 20)}
    assert set(metrics["test_unseen"]) == set(metrics["validation"]) == set(metrics["test"])
    assert set(metrics["baselines"]) == {"popularity", "repeat-last", "plain sasrec"}
    assert metrics["seconds"]["train_per_epoch"] > 0
    assert set(metrics["test_groups"]) == {"history", "popularity", "transition"}
    for groups in metrics["test_groups"].values():
        assert sum(group["targets"] for group in groups.values()) == USERS
    assert {"prepare", "embed", "neighbors", "train"} <= set(metrics["seconds"])
    assert set(metrics["peak_mib"]) == set(metrics["seconds"]) - {"train_per_epoch"}
    assert sys.platform != "linux" or all(peak > 0 for peak in metrics["peak_mib"].values())
    assert 1 <= metrics["best_epoch"] <= metrics["epochs"] == 2
    semantics = sorted(path.name for path in (run / "semantics").iterdir())
    assert semantics == [
        "item_embeddings.npy", "item_neighbors.npy", "items.parquet", "manifest.json",
        "prefix_embeddings.npy", "prefix_neighbors.npy", "profiles.parquet", "vectors.sqlite",
    ]  # fmt: skip
    manifest = json.loads((run / "semantics" / "manifest.json").read_text())
    assert manifest["same_user_share"] == 0
    assert manifest["asserted"]
    assert not list(finished.rglob("*.part"))


def test_recommendations_are_whole_and_by_the_users_own_ids(finished) -> None:
    table = pl.read_parquet(finished / "run" / "recommendations.parquet")
    assert table.columns == ["user_id", "item_id", "rank", "score"]
    assert table["user_id"].n_unique() == USERS
    assert table.height == USERS * 10
    model = Recommender.load(finished / "run")
    # Scores of one user differ from those of a block of users by rounding.
    assert_frame_equal(model.recommend(["u003"], k=10), table.filter(pl.col("user_id") == "u003"), abs_tol=1e-5)


def test_losses_and_validation_are_scalars_for_tensorboard(finished) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(finished / "run" / "tensorboard" / "model")).Reload()
    assert {"losses/next_item", "losses/cross_sequence", "losses/intra_sequence", "validation/MRR@10"} <= set(
        events.Tags()["scalars"]
    )
    assert [event.step for event in events.Scalars("losses/next_item")] == [1, 2]


def test_a_second_run_does_nothing_but_say_so(again, monkeypatch, capsys) -> None:
    before = {path: path.stat().st_mtime_ns for path in (again / "run").rglob("*.npy")}
    code, out, _ = call(monkeypatch, capsys, "run", again / "config.yaml")
    assert code == 0
    assert "nothing to do" in out
    assert before == {path: path.stat().st_mtime_ns for path in (again / "run").rglob("*.npy")}


def test_other_settings_are_refused_and_named_unless_overwrite(again, monkeypatch, capsys) -> None:
    arguments = ("train", again / "config.yaml", "-o", "backbone.dimension=4")
    code, _, err = call(monkeypatch, capsys, *arguments)
    assert code == 2
    assert "backbone.dimension was 8, now 4" in err
    assert "--overwrite" in err
    assert Recommender.load(again / "run").backbone.dimension == 8
    code, out, _ = call(monkeypatch, capsys, *arguments, "--overwrite")
    assert code == 0
    assert "embed: done before" in out
    assert Recommender.load(again / "run").backbone.dimension == 4


def test_changed_data_are_refused_and_named(finished, tmp_path, monkeypatch, capsys) -> None:
    write_data(tmp_path)
    config = write_config(tmp_path)
    assert call(monkeypatch, capsys, "prepare", config)[0] == 0
    write_data(tmp_path, seed=1)
    code, _, err = call(monkeypatch, capsys, "prepare", config)
    assert code == 2
    assert "interactions.csv has changed" in err


def test_evaluation_settings_are_made_anew_without_asking(again, monkeypatch, capsys) -> None:
    code, out, _ = call(monkeypatch, capsys, "evaluate", again / "config.yaml", "-o", "evaluation.cutoffs=[3]")
    assert code == 0
    assert "train: done before" in out
    assert "NDCG@3" in json.loads((again / "run" / "metrics.json").read_text())["test"]


def test_recommend_for_a_list_of_users(again, monkeypatch, capsys) -> None:
    (again / "users.txt").write_text("u001\nu007\n")
    arguments = ("recommend", again / "config.yaml", "--users", again / "users.txt", "--output", again / "two.parquet")
    code, out, _ = call(monkeypatch, capsys, *arguments)
    assert code == 0
    assert "20 rows for 2 users" in out
    assert pl.read_parquet(again / "two.parquet")["user_id"].unique(maintain_order=True).to_list() == ["u001", "u007"]
    (again / "users.txt").write_text("nobody\n")
    code, _, err = call(monkeypatch, capsys, *arguments)
    assert code == 2
    assert "unknown user" in err
    assert "'nobody'" in err


def test_without_text_the_plain_backbone_is_trained_and_it_is_said(tmp_path, monkeypatch, capsys) -> None:
    write_data(tmp_path)
    config = write_config(tmp_path, dataset={"interactions": str(tmp_path / "interactions.csv"), "min_interactions": 2})
    code, out, _ = call(monkeypatch, capsys, "run", config)
    assert code == 0
    assert "no text" in out
    assert not (tmp_path / "run" / "semantics").exists()
    assert json.loads((tmp_path / "run" / "metrics.json").read_text())["contrastive"] is False


def test_with_both_weights_at_zero_the_semantic_stages_are_skipped(tmp_path, monkeypatch, capsys) -> None:
    write_data(tmp_path)
    off = {"cross_sequence": {"weight": 0}, "intra_sequence": {"weight": 0}}
    code, _, _ = call(monkeypatch, capsys, "run", write_config(tmp_path, objectives=off))
    assert code == 0
    assert not (tmp_path / "run" / "semantics").exists()


def test_a_rival_alone_needs_no_texts_and_gives_its_name(tmp_path, monkeypatch, capsys) -> None:
    write_data(tmp_path)
    alone = {"cross_sequence": {"weight": 0}, "intra_sequence": {"weight": 0}, "iclrec": {"weight": 0.1, "intents": 4}}
    data = {"interactions": str(tmp_path / "interactions.csv"), "min_interactions": 2}
    code, out, _ = call(monkeypatch, capsys, "run", write_config(tmp_path, objectives=alone, dataset=data))
    assert code == 0
    assert "ICLRec on sasrec" in out
    assert "no text" not in out
    assert not (tmp_path / "run" / "semantics").exists()
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert (metrics["contrastive"], metrics["objectives"]) == (True, {"iclrec": 0.1})


def test_where_texts_are_missing_the_rivals_are_trained_without_sra_cl(tmp_path, monkeypatch, capsys) -> None:
    write_data(tmp_path)
    data = {"interactions": str(tmp_path / "interactions.csv"), "min_interactions": 2}
    both = {"duorec": {"weight": 0.1}}
    code, out, _ = call(monkeypatch, capsys, "run", write_config(tmp_path, objectives=both, dataset=data))
    assert code == 0
    assert "DuoRec on sasrec is trained" in " ".join(out.split())
    assert json.loads((tmp_path / "run" / "metrics.json").read_text())["objectives"] == {"duorec": 0.1}


def test_a_backbone_in_a_file_of_ones_own_goes_through_every_stage(tmp_path, monkeypatch, capsys) -> None:
    write_data(tmp_path)
    mine = tmp_path / "mine.py"
    shutil.copy(OWN_BACKBONE, mine)
    config = write_config(tmp_path, backbone={"name": f"{mine}:TwoUnits", "dimension": 8})
    code, out, _ = call(monkeypatch, capsys, "run", config)
    assert code == 0
    assert "SRA-CL on" in out
    run = tmp_path / "run"
    assert yaml.safe_load((run / "config.yaml").read_text())["backbone"] == {
        "name": f"{mine}:TwoUnits",
        "dimension": 8,
        "dropout": 0.5,
    }
    assert json.loads((run / "metrics.json").read_text())["contrastive"] is True
    assert pl.read_parquet(run / "recommendations.parquet").height == USERS * 10
    with pytest.raises(InputError, match="loading runs no code"):
        Recommender.load(run)
    backbone = import_backbone(f"{mine}:TwoUnits")
    assert Recommender.load(run, backbone=backbone).recommend(["u003"]).height == 10
    code, out, _ = call(monkeypatch, capsys, "run", config)
    assert "nothing to do" in out
    mine.write_text(mine.read_text().replace("num_layers=2", "num_layers=3"))
    code, _, err = call(monkeypatch, capsys, "train", config)
    assert code == 2
    assert "mine.py has changed" in err
    code, _, _ = call(monkeypatch, capsys, "train", config, "--overwrite")
    assert code == 0
    assert Recommender.load(run, backbone=import_backbone(f"{mine}:TwoUnits")).backbone.units.num_layers == 3


@pytest.mark.slow
def test_a_killed_run_goes_on_and_ends_as_if_it_had_not_been_killed(finished, tmp_path) -> None:
    """kill -9 while training, then the same command: the same weights as the run that was left alone."""
    write_data(tmp_path)
    training = {"epochs": 12, "targets_per_step": 10, "device": "cpu", "threads": 1}
    config = write_config(tmp_path, training=training)
    command = [sys.executable, "-m", "sracl", "train", str(config)]
    started = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    last = tmp_path / "run" / "checkpoints" / "model" / "last.safetensors"
    deadline = time.monotonic() + 120
    while not last.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(started.pid, signal.SIGKILL)
    started.wait()
    assert not (tmp_path / "run" / "model").exists(), "the run was over before it was killed"
    gone_on = subprocess.run(command, check=True, capture_output=True, text=True)
    assert "going on from" in gone_on.stdout
    untouched = [*command, "-o", f"run_dir={tmp_path / 'other'}"]
    subprocess.run(untouched, check=True, capture_output=True)
    weights = [(tmp_path / name / "model" / "weights.safetensors").read_bytes() for name in ("run", "other")]
    assert weights[0] == weights[1]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (["-o", "backbone.dropuot=0.1"], "did you mean `dropout`"),
        (["-o", "trainig.epochs=1"], "did you mean `training`"),
        (["-o", "training.epochs=0"], "`training.epochs`"),
        (["-o", "training.epochs=many"], "`training.epochs`"),
        (["-o", "backbone.heads=3"], "no multiple"),
        (["-o", "backbone.name=gru4rec", "-o", "backbone.heads=2"], "`backbone.heads` is not a setting of gru4rec"),
        (["-o", "backbone.name=bsarek"], "did you mean `bsarec`"),
        (["-o", "backbone.name=gone.py:Mine"], "there is no file gone.py"),
        (["-o", f"backbone.name={OWN_BACKBONE}:TwoUnit"], "has no class TwoUnit"),
        (["-o", f"backbone.name={OWN_BACKBONE}:TwoUnits", "-o", "backbone.layers=2"], "is not a setting of"),
        (["-o", "dataset.interactions=gone.csv"], "there is no file gone.csv"),
        (["-o", "dataset.columns.user=usr_id"], "did you mean 'user_id'"),
        (["-o", "dataset.columns.time=title"], "no column 'title'"),
        (["-o", "dataset.min_interactions=500"], "min_interactions"),
        (["-o", "run_dir"], "section.key=value"),
    ],
)
def test_wrong_configuration_gives_one_clear_message(tmp_path, monkeypatch, capsys, change, told) -> None:
    write_data(tmp_path)
    code, _, err = call(monkeypatch, capsys, "run", write_config(tmp_path), *change)
    assert code == 2
    assert told in err
    assert len(err.strip().splitlines()) <= 2
    assert "Traceback" not in err
    assert not (tmp_path / "run" / "dataset").exists()


def test_a_damaged_checkpoint_is_named(tmp_path, monkeypatch, capsys) -> None:
    write_data(tmp_path)
    config = write_config(tmp_path)
    folder = tmp_path / "run" / "checkpoints" / "model"
    folder.mkdir(parents=True)
    (folder / "last.safetensors").write_bytes(b"rubbish")
    code, _, err = call(monkeypatch, capsys, "train", config)
    assert code == 1
    assert "last.safetensors is damaged" in err
    assert "delete it" in err


def test_debug_shows_the_traceback(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(sys, "argv", ["sracl", "run", str(tmp_path / "gone.yaml"), "--debug"])
    with pytest.raises(InputError):
        cli.main()


def test_datasets_list_names_the_known_ones(monkeypatch, capsys) -> None:
    code, out, _ = call(monkeypatch, capsys, "datasets", "list")
    assert code == 0
    assert "ml-100k" in out
    code, _, err = call(monkeypatch, capsys, "datasets", "fetch", "ml-100l")
    assert code == 2
    assert "ml-100k" in err


def test_doctor_finds_everything_here(monkeypatch, capsys) -> None:
    code, out, _ = call(monkeypatch, capsys, "doctor")
    assert code == 0
    assert "offline encoder" in out
    assert "MISSING" not in out


def test_an_audit_ends_with_1_where_a_leak_is_not_admitted_and_writes_json(again, monkeypatch, capsys) -> None:
    code, out, _ = call(monkeypatch, capsys, "audit", again / "run", "--json", again / "audit.json")
    assert code == 0
    assert "neighbours by texts" in out
    assert json.loads((again / "audit.json").read_text())["clean"]
    path = again / "run" / "config.yaml"
    path.write_text(path.read_text().replace("protocol: strict", "protocol: paper"))
    code, out, _ = call(monkeypatch, capsys, "audit", again / "run", "--json", again / "audit.json")
    assert code == 1
    found = json.loads((again / "audit.json").read_text())
    assert not found["clean"]
    assert found["findings"][0]["verdict"] == "leak"
    assert found["findings"][0]["counts"] == {"contradictions": 2}
    code, _, err = call(monkeypatch, capsys, "audit", again)
    assert code == 2
    assert "holds no run" in err
