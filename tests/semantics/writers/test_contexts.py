"""Histories that led to an item are real, recent, and within what the pool may see."""

from hypothesis import given
from hypothesis import strategies as st

from sracl.datasets.prefixes import PrefixPool
from sracl.semantics.writers.contexts import ItemContexts
from support.batches import histories_of


@given(st.lists(st.integers(1, 12), min_size=1, max_size=8), st.integers(0, 4), st.integers(1, 4), st.integers(0, 50))
def test_they_are_what_stands_before_the_items_occurrences(
    lengths: list[int], histories: int, items: int, seed: int
) -> None:
    pool = PrefixPool(histories_of(lengths, 6, seed), 20)
    contexts = ItemContexts(pool, 6, histories, items)
    for item in range(6):
        all_before = [
            history[max(0, place - items) : place].tolist()
            for history in pool.sequences
            for place in range(1, len(history))
            if history[place] == item
        ]
        found = [part.tolist() for part in contexts.of(item)]
        assert len(found) == min(histories, len(all_before))
        remaining = list(all_before)
        for history in found:
            remaining.remove(history)


def test_they_are_spread_over_the_occurrences() -> None:
    pool = PrefixPool(histories_of([2] * 100, 1), 20)
    contexts = ItemContexts(pool, 1, 5, 10)
    assert len(contexts.of(0)) == 5
    assert contexts.places[0] < contexts.places[-1]
