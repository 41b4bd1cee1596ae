"""Training on a GPU learns what the processor learns, in every precision, and goes on after an interruption."""

import pytest
import torch

from sracl.backbones.scorer import BackboneScorer
from sracl.evaluation.evaluate import evaluate
from sracl.objectives import OBJECTIVES
from sracl.training.loop import train
from support.gpu import needs_gpu, without_dropout
from support.small_training import objective_with, settings, small_objective, walks
from training.test_loop import Recorder

pytestmark = needs_gpu


def test_without_dropout_a_gpu_learns_by_the_processors_losses() -> None:
    split = walks()
    by_device = {
        device: train(without_dropout(small_objective(split)), split, settings(device=device, precision="32-true"), 0)
        for device in ("cpu", "cuda")
    }
    expected, found = (by_device[device].progress.history for device in ("cpu", "cuda"))
    for one, other in zip(found, expected, strict=True):
        assert one["losses"] == pytest.approx(other["losses"], rel=1e-3)
    assert by_device["cuda"].objective.backbone.item_table.device.type == "cuda"


@pytest.mark.parametrize("precision", ["auto", "32-true", "bf16-mixed", "16-mixed"])
def test_every_precision_learns_what_comes_next(precision: str) -> None:
    split = walks()
    trained = train(small_objective(split), split, settings(epochs=25, device="cuda", precision=precision), seed=0)
    found = evaluate(BackboneScorer(trained.objective.backbone), split, "test", (5,))
    assert found.kept["HR@5"] > 0.6
    for parameter in trained.objective.parameters():
        assert parameter.dtype == torch.float32


@pytest.mark.parametrize("name", OBJECTIVES)
def test_an_interrupted_training_goes_on_near_to_where_it_would_have(tmp_path, name: str) -> None:
    split, asked = walks(), settings(device="cuda")
    whole = train(objective_with(name, split), split, asked, 0, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(objective_with(name, split), split, asked, 0, tmp_path / "cut", Recorder(stop_in_epoch=2))
    again = Recorder()
    resumed = train(objective_with(name, split), split, asked, 0, tmp_path / "cut", again)
    assert [record["epoch"] for record in again.records] == [2, 3, 4]
    # Sums of many small parts are added in any order on a GPU, so that bits may differ.
    for one, other in zip(resumed.progress.history, whole.progress.history, strict=True):
        assert one["losses"] == pytest.approx(other["losses"], rel=0.02)


def test_evaluation_on_a_gpu_ranks_as_on_the_processor() -> None:
    split = walks()
    backbone = train(small_objective(split), split, settings(device="cpu"), seed=0).objective.backbone
    expected = evaluate(BackboneScorer(backbone), split, "test", (5,))
    found = evaluate(BackboneScorer(backbone.cuda()), split, "test", (5,))
    assert found.kept == pytest.approx(expected.kept, abs=0.02)
    assert found.unseen == pytest.approx(expected.unseen, abs=0.02)
