"""A search goes on where it was, spends its budget, ends hopeless trials, and knows which was best."""

from pathlib import Path

import pytest

from sracl.config import RunConfig
from sracl.tuning.search import EPOCHS_BEFORE_PRUNING, TRIALS_BEFORE_PRUNING, Budget, Search, Trial

SPACE = {"backbone.dropout": {"low": 0.1, "high": 0.7, "step": 0.1}, "training.learning_rate": [0.001, 0.002]}


def config(**changes: object) -> RunConfig:
    values = {"dataset": {"name": "ml-100k"}, "backbone": {"dropout": 0.4}, "tune": {"space": SPACE}}
    return RunConfig.model_validate(values | changes)


def epochs(values: list[float], seconds: float = 2.0) -> list[dict]:
    return [
        {"epoch": epoch, "seconds": seconds, "validation": {"MRR@10": value}} for epoch, value in enumerate(values, 1)
    ]


def search(tmp_path: Path, **changes: object) -> Search:
    return Search("plain", config(**changes), tmp_path / "tune" / "tune.sqlite")


def finished(found: Search, value: float, seconds: float = 60.0) -> Trial:
    trial = found.ask()
    trial.is_run(f"run {trial.trial.number}")
    trial.hear(epochs([value] * 8))
    trial.end(seconds, value)
    return trial


def test_the_configured_settings_are_tried_first(tmp_path) -> None:
    found = search(tmp_path)
    assert found.ask().values == {"backbone.dropout": 0.4, "training.learning_rate": 0.001}
    assert found.ask().values.keys() == SPACE.keys()


def test_the_best_is_the_highest_and_of_equals_the_earliest(tmp_path) -> None:
    found = search(tmp_path)
    assert found.best is None
    for value in (0.1, 0.3, 0.2, 0.3):
        finished(found, value)
    assert (found.best.number, found.best.value) == (1, 0.3)


def test_another_search_goes_on_and_draws_something_else(tmp_path) -> None:
    found = search(tmp_path)
    first = [finished(found, 0.1).values for _ in range(4)]
    again = search(tmp_path)
    assert [trial.params for trial in again.over] == first
    assert again.minutes == pytest.approx(4)
    other = search(tmp_path / "other")
    assert [finished(other, 0.1).values for _ in range(4)] == first, "the same seed searches the same way"
    more = [finished(again, 0.1).values for _ in range(6)]
    assert more[:3] != first[1:], "but does not repeat itself"


def test_other_settings_or_another_space_are_another_search(tmp_path) -> None:
    finished(search(tmp_path), 0.1)
    assert not search(tmp_path, protocol="paper", objectives={"cross_sequence": {"weight": 0.2}}).over
    assert not search(tmp_path, tune={"space": {"backbone.dropout": [0.1, 0.4]}}).over
    assert len(search(tmp_path, backbone={"dropout": 0.5}).over) == 1, "what is searched makes no difference"
    assert len(search(tmp_path, run_dir="elsewhere").over) == 1


def test_an_interrupted_trial_is_tried_again_first_and_counts_once(tmp_path) -> None:
    found = search(tmp_path)
    finished(found, 0.1)
    interrupted = found.ask()
    interrupted.hear(epochs([0.1, 0.2]))
    again = search(tmp_path)
    assert len(again.over) == 1
    assert again.wants_more(Budget(2, None), 0)
    assert again.ask().values == interrupted.values
    assert not again.wants_more(Budget(2, None), 1)


def test_the_budget_is_in_trials_or_in_minutes_of_training(tmp_path) -> None:
    found = search(tmp_path)
    for _ in range(3):
        finished(found, 0.1, seconds=90)
    assert found.wants_more(Budget(4, None), 0)
    assert not found.wants_more(Budget(4, None), 1)
    assert found.wants_more(Budget(None, 4.6), 5)
    assert not found.wants_more(Budget(None, 4.4), 0)
    assert not found.wants_more(Budget(4, 4.4), 0)


def test_pruned_and_failed_trials_count_but_are_never_the_best(tmp_path) -> None:
    found = search(tmp_path)
    finished(found, 0.1)
    for pruned in (True, False):
        trial = found.ask()
        trial.hear(epochs([0.9]))
        trial.end(trial.seconds, None, pruned=pruned)
    assert len(found.over) == 3
    assert found.best.number == 0
    assert found.minutes == pytest.approx((60 + 2 + 2) / 60)


def test_a_trial_below_the_median_is_hopeless_after_some_epochs_and_trials(tmp_path) -> None:
    good = search(tmp_path)
    for _ in range(TRIALS_BEFORE_PRUNING):
        finished(good, 0.2)
    bad = good.ask()
    assert not bad.hear(epochs([0.1] * (EPOCHS_BEFORE_PRUNING - 1)))
    assert bad.hear(epochs([0.1] * (EPOCHS_BEFORE_PRUNING + 2)))
    assert bad.epoch <= EPOCHS_BEFORE_PRUNING + 1
    better = good.ask()
    assert not better.hear(epochs([0.1, 0.3, 0.1, 0.1, 0.1, 0.1, 0.1])), "its best epoch counts"
    never = search(tmp_path / "none", tune={"space": SPACE, "pruner": "none"})
    for _ in range(TRIALS_BEFORE_PRUNING):
        finished(never, 0.2)
    assert not never.ask().hear(epochs([0.1] * 20))


def test_hyperband_ends_trials_too(tmp_path) -> None:
    found = search(tmp_path, tune={"space": SPACE, "pruner": "hyperband"}, training={"epochs": 9})
    ended = 0
    for number in range(12):
        trial = found.ask()
        ended += (hopeless := trial.hear(epochs([0.5 - 0.01 * number] * 9)))
        trial.end(1.0, None if hopeless else 0.5 - 0.01 * number, pruned=hopeless)
    assert 0 < ended < 12
