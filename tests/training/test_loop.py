"""Training learns, repeats itself, stops in time, keeps the best weights and survives being stopped anywhere."""

import json

import pytest
import torch

from sracl.backbones.scorer import BackboneScorer
from sracl.datasets.splits import leave_one_out
from sracl.errors import SraclError
from sracl.evaluation.evaluate import evaluate
from sracl.objectives import OBJECTIVES
from sracl.objectives.training_objective import TrainingObjective
from sracl.training.checkpoint import load_tensors
from sracl.training.devices import make_fabric
from sracl.training.loop import BEST, LAST, train
from support.batches import histories_of
from support.small_training import objective_with, settings, small_objective, walks


class Recorder:
    """Keeps every record; stops the training like a cut power line in a given epoch."""

    def __init__(self, stop_in_epoch: int | None = None, after_steps: int = 2) -> None:
        self.records: list[dict] = []
        self.steps: list[tuple[int, int, dict]] = []
        self.stop_in_epoch, self.after_steps = stop_in_epoch, after_steps

    def on_step(self, epoch: int, targets: int, parts: dict[str, float]) -> None:
        self.steps.append((epoch, targets, parts))
        if epoch == self.stop_in_epoch and sum(step[0] == epoch for step in self.steps) == self.after_steps:
            raise KeyboardInterrupt

    def on_epoch(self, record: dict) -> None:
        self.records.append(record)


def weights(objective) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in objective.backbone.state_dict().items()}


def assert_equal_weights(one: dict, other: dict) -> None:
    for name, tensor in one.items():
        assert torch.equal(tensor, other[name]), name


def test_training_learns_what_comes_next() -> None:
    split = walks()
    trained = train(small_objective(split), split, settings(epochs=25), seed=0)
    found = evaluate(BackboneScorer(trained.objective.backbone), split, "test", (5,))
    assert found.kept["HR@5"] > 0.6
    assert not trained.objective.training


def test_equal_seeds_give_equal_weights_whatever_was_drawn_before_and_others_do_not() -> None:
    split = walks()
    first = train(small_objective(split), split, settings(), seed=0)
    torch.randn(100)
    same = train(small_objective(split), split, settings(), seed=0)
    other = train(small_objective(split), split, settings(), seed=1)
    assert_equal_weights(weights(first.objective), weights(same.objective))
    assert not torch.equal(first.objective.backbone.item_table, other.objective.backbone.item_table)


@pytest.mark.parametrize("epoch", [1, 2, 4])
def test_an_interrupted_training_goes_on_and_ends_as_it_would_have(tmp_path, epoch: int) -> None:
    split = walks()
    whole = train(small_objective(split), split, settings(), 0, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(small_objective(split), split, settings(), 0, tmp_path / "cut", Recorder(stop_in_epoch=epoch))
    again = Recorder()
    resumed = train(small_objective(split), split, settings(), 0, tmp_path / "cut", again)
    assert [record["epoch"] for record in again.records] == list(range(epoch, 5))
    assert_equal_weights(weights(whole.objective), weights(resumed.objective))
    assert [r["losses"] for r in whole.progress.history] == [r["losses"] for r in resumed.progress.history]
    assert [r["validation"] for r in whole.progress.history] == [r["validation"] for r in resumed.progress.history]


@pytest.mark.parametrize("name", OBJECTIVES)
def test_an_interrupted_training_goes_on_to_the_same_bits_with_every_objective(tmp_path, name: str) -> None:
    split = walks()

    def fresh() -> TrainingObjective:
        return objective_with(name, split)

    whole = train(fresh(), split, settings(epochs=3), 0)
    with pytest.raises(KeyboardInterrupt):
        train(fresh(), split, settings(epochs=3), 0, tmp_path, Recorder(stop_in_epoch=2))
    again = train(fresh(), split, settings(epochs=3), 0, tmp_path)
    assert_equal_weights(weights(whole.objective), weights(again.objective))


def test_a_finished_training_is_not_trained_further(tmp_path) -> None:
    split = walks()
    first = train(small_objective(split), split, settings(), 0, tmp_path)
    recorder = Recorder()
    again = train(small_objective(split), split, settings(), 0, tmp_path, recorder)
    assert recorder.steps == []
    assert_equal_weights(weights(first.objective), weights(again.objective))


def test_a_folder_changes_nothing_about_the_result(tmp_path) -> None:
    split = walks()
    kept = train(small_objective(split), split, settings(), 0, tmp_path)
    in_memory = train(small_objective(split), split, settings(), 0)
    assert_equal_weights(weights(kept.objective), weights(in_memory.objective))


def test_it_stops_when_validation_has_not_risen_for_long_enough_and_gives_the_best_epoch(tmp_path) -> None:
    split = walks()
    recorder = Recorder()
    wished = settings(epochs=200, patience=2, learning_rate=0.03)
    trained = train(small_objective(split), split, wished, 0, tmp_path, recorder)
    values = [record["validation"]["MRR@10"] for record in recorder.records]
    best = values.index(max(values)) + 1
    assert trained.progress.best_epoch == best
    assert len(values) == best + 2
    found = evaluate(BackboneScorer(trained.objective.backbone), split, "validation", (10,))
    assert found.kept["MRR@10"] == pytest.approx(max(values))
    assert_equal_weights(load_tensors(tmp_path / BEST)[0], weights(trained.objective))


def test_validation_may_rank_some_targets_which_the_seed_draws() -> None:
    split = walks()
    some = train(small_objective(split), split, settings(validation_targets=20), seed=0)
    fewer = split.with_some("validation", 20, 0)
    found = evaluate(BackboneScorer(some.objective.backbone), fewer, "validation", (10,)).kept
    best = some.progress.history[some.progress.best_epoch - 1]["validation"]
    assert best == found
    # What is learnt does not depend on what is ranked.
    all_of_them = train(small_objective(split), split, settings(validation_targets=10_000), seed=0)
    assert [r["losses"] for r in all_of_them.progress.history] == [r["losses"] for r in some.progress.history]


def test_the_watcher_is_told_of_every_target_and_of_running_means() -> None:
    split = walks()
    recorder = Recorder()
    train(small_objective(split), split, settings(epochs=2), 0, watcher=recorder)
    for record in recorder.records:
        of_epoch = [step for step in recorder.steps if step[0] == record["epoch"]]
        assert sum(targets for _, targets, _ in of_epoch) == int(split.training.lengths.sum() - len(split.test.users))
        assert of_epoch[-1][2] == pytest.approx(record["losses"], rel=1e-5)
        assert set(record["losses"]) == {"next_item", "cross_sequence", "intra_sequence"}
        assert record["targets_per_second"] > 0
        json.dumps(record)


def test_a_damaged_checkpoint_is_named_and_never_trained_over(tmp_path) -> None:
    split = walks()
    train(small_objective(split), split, settings(epochs=1), 0, tmp_path)
    whole = (tmp_path / LAST).read_bytes()
    (tmp_path / LAST).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SraclError, match=r"last\.safetensors is damaged.*delete it"):
        train(small_objective(split), split, settings(epochs=1), 0, tmp_path)
    assert (tmp_path / LAST).read_bytes() == whole[: len(whole) // 2]


def test_nothing_to_learn_is_an_error() -> None:
    split = leave_one_out(histories_of([1, 1, 3], 5))
    with pytest.raises(SraclError, match="nothing to learn"):
        train(small_objective(walks()), split, settings(), 0)


def test_a_loss_that_is_not_finite_stops_with_advice() -> None:
    split = walks()
    objective = small_objective(split)
    with torch.no_grad():
        objective.backbone.input_norm.weight.fill_(float("inf"))
    with pytest.raises(SraclError, match=r"not finite in epoch 1.*learning_rate"):
        train(objective, split, settings(), 0)


def test_a_device_that_is_not_there_is_named() -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    with pytest.raises(SraclError, match="device is cuda"):
        make_fabric(settings(device="cuda"))


def test_mixed_precision_trains() -> None:
    split = walks()
    trained = train(small_objective(split), split, settings(epochs=12, precision="bf16-mixed"), 0)
    losses = [record["losses"]["next_item"] for record in trained.progress.history]
    assert losses[-1] < losses[0] - 0.3
    assert trained.objective.backbone.item_table.dtype == torch.float32
