"""What a training's progress becomes: a line of JSON and scalars an epoch, a bar that counts targets."""

import json

from rich.progress import Progress
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from sracl.pipeline.watchers import Bar, EpochLog, Several, TensorBoard, epoch_line
from sracl.training.watching import Watcher

RECORD = {
    "epoch": 3,
    "losses": {"next_item": 6.5, "cross_sequence": 3.25},
    "validation": {"HR@10": 0.1, "NDCG@10": 0.05, "MRR@10": 0.03},
    "best_epoch": 3,
    "seconds": 12.0,
    "seconds_learning": 11.0,
    "targets_per_second": 4000.0,
}


def test_the_log_keeps_what_is_there_and_adds_a_line_with_time_and_training(tmp_path) -> None:
    log = EpochLog(tmp_path / "log.jsonl", "model")
    log.on_epoch(RECORD)
    EpochLog(tmp_path / "log.jsonl", "backbone").on_epoch(RECORD | {"epoch": 4})
    first, second = (json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines())
    assert first | RECORD == first
    assert (first["training"], second["training"], second["epoch"]) == ("model", "backbone", 4)
    assert first["time"].endswith("+00:00")


def test_tensorboard_has_every_loss_and_metric_at_its_epoch(tmp_path) -> None:
    board = TensorBoard(tmp_path)
    board.on_epoch(RECORD)
    board.close()
    events = EventAccumulator(str(tmp_path)).Reload()
    found = {name: (events.Scalars(name)[0].step, events.Scalars(name)[0].value) for name in events.Tags()["scalars"]}
    assert found["losses/next_item"] == (3, 6.5)
    assert found["targets_per_second"] == (3, 4000.0)
    assert {"losses/cross_sequence", "validation/HR@10", "validation/NDCG@10", "validation/MRR@10"} <= set(found)


def test_the_bar_counts_an_epochs_targets_and_starts_again_with_the_next() -> None:
    with Progress(disable=True) as progress:
        task = progress.add_task("training", total=30)
        bar = Bar(progress, task, 30)
        for epoch in (1, 2):
            for _ in range(3):
                bar.on_step(epoch, 10, {"next_item": 6.0})
            assert progress.tasks[0].completed == 30
            assert f"epoch {epoch}: next_item 6.000" in progress.tasks[0].description


def test_an_epochs_line_says_losses_validation_speed_and_whether_it_is_the_best() -> None:
    line = epoch_line(RECORD)
    for part in ("epoch   3", "next_item 6.5000", "cross_sequence 3.2500", "MRR@10 0.0300 (best)", "4,000 targets/s"):
        assert part in line
    assert "(best)" not in epoch_line(RECORD | {"best_epoch": 2})


def test_several_watchers_are_all_told() -> None:
    told: list[str] = []

    class Named:
        def __init__(self, name: str) -> None:
            self.name = name

        def on_step(self, epoch: int, targets: int, parts: dict[str, float]) -> None:
            told.append(f"{self.name} step")

        def on_epoch(self, record: dict) -> None:
            told.append(f"{self.name} epoch")

    both = Several([Named("a"), Named("b")])
    assert isinstance(both, Watcher)
    both.on_step(1, 2, {})
    both.on_epoch(RECORD)
    assert told == ["a step", "b step", "a epoch", "b epoch"]
