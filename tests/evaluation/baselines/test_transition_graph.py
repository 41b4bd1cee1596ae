"""The graph heuristic: rings, budgets and likeness equal a plain walk."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.baselines.contract import HISTORIES, CountingContract, data_of, scores_of
from evaluation.baselines.plain import order_of, transitions_of
from sracl.errors import InputError
from sracl.evaluation.baselines import BaselineData, TransitionGraph
from support.lists import flat


def distances(pairs: Counter, source: int, hops: int) -> list[list[int]]:
    """Items by the number of edges of the shortest way from `source`, 1 to `hops`."""
    rings, reached, front = [], {source}, {source}
    for hop in range(hops):
        after = {b for a, b in pairs if a in front}
        ring = after if hop == 0 else after - reached
        rings.append(sorted(ring))
        reached |= ring
        front = ring
    return rings


def plain_order(data: BaselineData, history: list[int], budgets: list[tuple[int, ...]], weight: float) -> list[int]:
    pairs = transitions_of(data.training)
    cosines = data.texts.astype(np.float64) @ data.texts.T
    picked, left = [], []
    sources = [history[-1], *([history[-2]] if len(history) > 1 else [])]
    for source, budget in zip(sources, budgets, strict=False):
        most = max((math.log1p(count) for (a, _), count in pairs.items() if a == source), default=1.0)
        before = set(picked)
        for hop, ring in enumerate(distances(pairs, source, len(budget))):
            scores = {
                item: cosines[source, item] + (weight * math.log1p(pairs[source, item]) / most if hop == 0 else 0)
                for item in ring
                if item not in before
            }
            order = sorted(scores, key=lambda item, found=scores: (-round(found[item], 5), item))
            picked += order[: budget[hop]]
            left += order[budget[hop] :]
    rest = sorted(range(data.item_count), key=lambda item: (-round(cosines[sources[0], item], 5), item))
    return list(dict.fromkeys([*picked, *left, *rest]))


class TestTransitionGraph(CountingContract):
    def make(self, data: BaselineData) -> TransitionGraph:
        # All of the first rings, so that equal scores never compete for a place.
        return TransitionGraph(data, last=(12, 12), second_last=(12,))

    @settings(max_examples=40, deadline=None)
    @given(
        st.integers(0, 100_000),
        st.sampled_from([(7, 2, 1), (2, 1), (1, 1, 1), (0, 3)]),
        st.sampled_from([(), (3, 1), (1,)]),
        st.sampled_from([0.0, 0.5, 2.0]),
    )
    def test_the_order_equals_a_plain_walk(self, seed: int, last: tuple, second_last: tuple, weight: float) -> None:
        data = data_of(seed)
        found = scores_of(TransitionGraph(data, last, second_last, weight), HISTORIES)
        for history, row in zip(HISTORIES, found, strict=True):
            expected = plain_order(data, history, [last, second_last], weight)
            assert order_of(row.round(5)) == expected

    def test_an_example_by_hand(self) -> None:
        # 0 is followed by 1 (twice) and 2; 3 is two hops away, 4 three; texts of 5 and 0 are the same.
        data = BaselineData(
            flat([[0, 1, 3], [0, 1], [0, 2], [3, 4]]), 6, np.eye(6, dtype=np.float32)[[0, 1, 2, 3, 4, 0]]
        )
        order = order_of(scores_of(TransitionGraph(data, last=(1, 1, 1)), [[0]])[0])
        assert order == [1, 3, 4, 2, 0, 5]
        assert order_of(scores_of(TransitionGraph(data, last=(7, 2, 1)), [[0]])[0]) == [1, 2, 3, 4, 0, 5]

    def test_the_item_before_the_last_adds_what_followed_it(self) -> None:
        data = BaselineData(flat([[0, 1], [2, 3]]), 5, np.eye(5, dtype=np.float32))
        assert order_of(scores_of(TransitionGraph(data, (5, 1), (3, 1)), [[2, 0]])[0])[:2] == [1, 3]
        assert order_of(scores_of(TransitionGraph(data, (5, 1)), [[2, 0]])[0])[:2] == [1, 0]

    def test_without_texts_it_cannot_be_made(self) -> None:
        with pytest.raises(InputError, match="compares items' texts"):
            TransitionGraph(BaselineData(flat([[0, 1]]), 2))
