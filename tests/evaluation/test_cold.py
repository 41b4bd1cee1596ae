"""Cold items among themselves, and the popularity of categories."""

import numpy as np
import polars as pl
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sracl.datasets.splits import leave_one_out
from sracl.evaluation.baselines import BaselineData, RandomOrder
from sracl.evaluation.cold import AmongItems, CategoryPopularity
from sracl.evaluation.evaluate import evaluate
from support.batches import histories_of
from support.lists import flat

ITEMS = 10


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1000), st.floats(-1e6, 1e6))
def test_ranks_among_some_items_are_those_in_the_ranking_of_them_alone(seed: int, shift: float) -> None:
    split = leave_one_out(histories_of([4, 5, 6, 3], ITEMS, seed))
    chosen = np.zeros(ITEMS, dtype=bool)
    chosen[split.targets("test")] = True
    chosen[0] = True

    class Shifted(RandomOrder):
        def score(self, histories, users):
            return super().score(histories, users) * 1000 + shift

    scorer = Shifted(BaselineData(split.training, ITEMS), seed=seed)
    found = evaluate(AmongItems(scorer, chosen), split, "test").ranks
    scores = scorer.score(split.inputs("test"), split.test.users).numpy()
    for row, target in enumerate(split.targets("test")):
        order = [item for item in np.argsort(-scores[row], kind="stable") if chosen[item]]
        assert found.kept[row] == order.index(target) + 1
        seen = set(split.inputs("test")[row].tolist()) - {target}
        assert found.unseen[row] == [item for item in order if item not in seen].index(target) + 1


def test_a_category_is_as_popular_as_all_its_items() -> None:
    categories = pl.Series(["a | b", "b", "c | b", None, "a", "nothing"])
    scorer = CategoryPopularity.of(categories, np.array([1, 2, 0, 5, 7, 0]))
    scores = scorer.score(flat([[0], [1]]), np.arange(2))
    assert scores.tolist() == [[3, 3, 3, 5, 7, 0]] * 2
    assert scores.dtype == torch.float32
