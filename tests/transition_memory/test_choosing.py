"""Validation decides how much is remembered, and whether."""

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from sracl.config import TransitionMemoryConfig
from sracl.datasets.splits import leave_one_out
from sracl.evaluation.evaluate import evaluate
from sracl.transition_memory import choosing, configured_memory
from support.lists import flat

ITEMS = 40


class Model:
    """Prefers the item `step` after the last one, by `strength`."""

    def __init__(self, step: int, strength: float) -> None:
        self.step, self.strength = step, strength

    def score(self, histories, users):
        scores = torch.zeros(len(histories), ITEMS)
        last = histories.values[histories.offsets[1:] - 1].astype(np.int64)
        scores[torch.arange(len(histories)), torch.from_numpy((last + self.step) % ITEMS)] = self.strength
        return scores


@pytest.fixture(scope="module")
def split():
    """People walk round a circle."""
    return leave_one_out(flat([[(start + step) % ITEMS for step in range(7)] for start in range(ITEMS)] * 3))


def chosen(settings: dict, model: Model, split):
    return configured_memory(TransitionMemoryConfig(**settings), model, split, ITEMS)


def test_without_a_concentration_there_is_no_memory(split) -> None:
    found = chosen({}, Model(1, 9.0), split)
    assert (found.memory, dict(found.tried)) == (None, {})


def test_a_given_concentration_is_taken_as_it_is(split) -> None:
    found = chosen({"concentration": 7, "reach": 2, "decay": 0.25}, Model(1, 9.0), split)
    assert (found.memory.concentration, found.memory.reach, found.memory.decay) == (7.0, 2, 0.25)
    assert not found.tried
    assert found.memory.counts[0].sum() == (split.training_lengths - 1).sum()


def test_a_model_that_is_wrong_is_trusted_little_and_the_best_of_validation_is_taken(split) -> None:
    found = chosen({"concentration": "auto"}, Model(5, 3.0), split)
    assert list(found.tried) == [None, *choosing.CANDIDATES]
    assert found.tried[found.memory.concentration] == max(found.tried.values()) > found.tried[None]


def test_a_model_that_needs_no_memory_gets_none(split) -> None:
    found = chosen({"concentration": "auto"}, Model(1, 30.0), split)
    assert found.memory is None
    assert found.tried[None] == 1.0


def test_what_was_just_had_counts_neither_for_nor_against(split) -> None:
    """A model that would go back a step is right as soon as seen items are removed, so that no memory is needed."""

    class Back(Model):
        def score(self, histories, users):
            return super().score(histories, users) + 2 * Model(-1, 30.0).score(histories, users)

    found = chosen({"concentration": "auto"}, Back(1, 30.0), split)
    assert (found.memory, found.tried[None]) == (None, 1.0)


def test_it_ranks_so_many_targets_at_most_and_those_of_all_parts(split, monkeypatch) -> None:
    asked = []
    monkeypatch.setattr(choosing, "TARGETS", 10)
    monkeypatch.setattr(choosing, "evaluate", lambda *given: asked.append(given[1].validation) or evaluate(*given))
    chosen({"concentration": "auto"}, Model(1, 3.0), split)
    assert {len(targets) for targets in asked} == {10}
    assert asked[0].users[0] == 0
    assert asked[0].users[-1] == len(split.histories) - 1


@pytest.mark.parametrize("bad", [{"concentration": 0}, {"concentration": "much"}, {"reach": 0}, {"decay": 0}])
def test_settings_that_make_no_sense_are_refused(bad) -> None:
    with pytest.raises(ValidationError):
        TransitionMemoryConfig(**bad)
