"""The stage before training: made once, taken over by the training, refused where its settings changed."""

import json

import pytest
import torch

from sracl.config import read_config
from sracl.errors import InputError
from sracl.pipeline.run import Run
from sracl.training.checkpoint import load_tensors
from support.small_run import write_config, write_data

OFF = {"cross_sequence": {"weight": 0}, "intra_sequence": {"weight": 0}}
S3REC = {"kind": "s3rec", "epochs": 2, "attributes": ["brand"]}


@pytest.fixture
def path(tmp_path):
    write_data(tmp_path)
    return write_config(tmp_path, pretraining=S3REC, objectives=OFF, evaluation={"baselines": ["backbone"]})


def run_of(path, overrides=(), *, overwrite: bool = False) -> Run:
    from io import StringIO

    from rich.console import Console

    from sracl.pipeline.display import Display

    return Run(read_config(path, overrides), Display(Console(file=StringIO(), width=200)), overwrite)


def said(run: Run) -> str:
    return run.display.console.file.getvalue()


def test_a_run_pretrains_trains_from_there_and_records_both(path) -> None:
    run = run_of(path)
    assert run.up_to("evaluate")
    assert not (run.folder / "semantics").exists()
    logged = [json.loads(line) for line in (run.folder / "log.jsonl").read_text().splitlines()]
    lines = [line for line in logged if "losses" in line]
    assert [(line["training"], line["epoch"]) for line in lines] == [
        ("backbone", 1), ("backbone", 2), ("pretrained", 1), ("pretrained", 2), ("model", 1), ("model", 2),
    ]  # fmt: skip
    losses = ["masked_item", "masked_attribute", "associated_attribute", "segment"]
    assert list(lines[2]["losses"]) == losses
    assert lines[2]["validation"] == {}
    assert json.loads((run.folder / "metrics.json").read_text())["pretraining"] == "s3rec"
    assert "s3rec sasrec" in said(run)
    assert "plain sasrec" in said(run)
    assert not run_of(path).up_to("evaluate")


def test_training_begins_with_the_weights_that_pretraining_left(path, monkeypatch) -> None:
    from sracl.pipeline import stages

    run, begun = run_of(path), {}

    def stopped(objective, *_: object) -> None:
        begun.update({name: tensor.clone() for name, tensor in objective.backbone.state_dict().items()})
        raise KeyboardInterrupt

    run.up_to("pretrain")
    monkeypatch.setattr(stages, "run_training", stopped)
    with pytest.raises(KeyboardInterrupt):
        run_of(path).up_to("train")
    left = load_tensors(run.folder / "checkpoints" / "pretrained" / "best.safetensors")[0]
    assert set(left) == set(begun)
    assert all(torch.equal(left[name], begun[name]) for name in left)


def test_longer_training_keeps_the_pretraining_and_another_pretraining_is_refused(path) -> None:
    run_of(path).up_to("train")
    again = run_of(path, ["training.epochs=3"], overwrite=True)
    assert again.up_to("train")
    assert "pretrain: done before" in said(again)
    with pytest.raises(InputError, match=r"`pretrain` of other settings: pretraining\.masking was 0\.2, now 0\.5"):
        run_of(path, ["training.epochs=3", "pretraining.masking=0.5"]).up_to("train")
    assert run_of(path, ["training.epochs=3", "pretraining.masking=0.5"], overwrite=True).up_to("train")


def test_attributes_that_are_not_there_are_named(path) -> None:
    with pytest.raises(InputError, match="'colour' is no text column of the items; there are: title, brand"):
        run_of(path, ["pretraining.attributes=[colour]"]).up_to("pretrain")
