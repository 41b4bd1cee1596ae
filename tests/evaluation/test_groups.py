"""Groups hold the targets that a count by hand puts there, and their metrics add up to the whole."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sracl.config import EvaluationConfig
from sracl.datasets.splits import leave_one_out
from sracl.evaluation.evaluate import evaluate
from sracl.evaluation.groups import by_history, by_popularity, by_transition, metrics_by_group
from support.lists import flat

HISTORIES = st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=12), min_size=1, max_size=15).filter(
    lambda histories: any(len(history) >= 3 for history in histories)
)


class ByNumber:
    """Scores an item by its number."""

    def score(self, histories, users):
        return torch.arange(10.0).expand(len(histories), -1).clone()


@settings(deadline=None)
@given(HISTORIES, st.sets(st.integers(1, 12), min_size=1, max_size=4).map(sorted))
def test_every_target_is_in_the_group_of_its_count(histories: list[list[int]], bounds: list[int]) -> None:
    split = leave_one_out(flat(histories))
    trained = [history[:-2] if len(history) >= 3 else history for history in histories]
    evaluated = [number for number, history in enumerate(histories) if len(history) >= 3]
    for part, place in (("validation", -2), ("test", -1)):
        counts = {
            by_history: [len(trained[user]) for user in evaluated],
            by_popularity: [sum(t.count(histories[user][place]) for t in trained) for user in evaluated],
            by_transition: [
                sum(list(pairwise(t)).count((histories[user][place - 1], histories[user][place])) for t in trained)
                for user in evaluated
            ],
        }
        for grouping, expected in counts.items():
            groups = grouping(split, part, bounds)
            assert len(groups.labels) == len(bounds) + 1
            assert groups.of.tolist() == [sum(count >= bound for bound in bounds) for count in expected]


def test_labels_say_what_a_group_holds() -> None:
    split = leave_one_out(flat([[0, 1, 2]]))
    assert by_history(split, "test", (5, 10)).labels == ("under 5", "5 to 9", "10 and more")
    assert by_history(split, "test", (5, 6)).labels == ("under 5", "5", "6 and more")
    assert by_history(split, "test", (3,)).labels == ("under 3", "3 and more")
    assert by_transition(split, "test", (1, 2)).labels == ("none", "1", "2 and more")


def test_metrics_of_groups_add_up_to_those_of_all() -> None:
    random = np.random.default_rng(0)
    histories = [random.integers(0, 10, random.integers(3, 14)).tolist() for _ in range(60)]
    split = leave_one_out(flat(histories))
    found = evaluate(ByNumber(), split, "test", (5,))
    groups = by_history(split, "test", (3, 6, 40))
    told = metrics_by_group(found, groups, (5,))
    assert list(told) == ["under 3", "3 to 5", "6 to 39"], "a group without targets is left out"
    assert sum(group["targets"] for group in told.values()) == 60
    for name, whole in found.kept.items():
        assert sum(group[name] * group["targets"] for group in told.values()) / 60 == pytest.approx(whole)


def test_bounds_must_rise() -> None:
    with pytest.raises(ValueError, match=r"must rise, but are \[5, 5\]"):
        EvaluationConfig(history_groups=(5, 5))
