"""Another prefix with the same target: every other one as likely, itself only where there is no other."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from sracl.objectives.anchors import draw_anchors
from sracl.objectives.same_target import SameTarget
from support.batches import generator, whole_batch
from support.lists import flat

ITEMS, LENGTH = 6, 5
HISTORIES = st.lists(st.lists(st.integers(0, ITEMS - 1), max_size=9), min_size=1, max_size=7)


def followed(histories: list[list[int]]) -> dict[int, tuple[list[int], int]]:
    """By its number, every prefix that has a target, cut, and the target."""
    found, number = {}, 0
    for history in histories:
        for end in range(1, len(history) + 1):
            if end < len(history):
                found[number] = (history[max(0, end - LENGTH) : end], history[end])
            number += 1
    return found


@given(HISTORIES, st.integers(0, 2**31))
def test_the_other_has_the_same_target_and_is_another_where_there_is_one(histories, seed: int) -> None:
    same, prefixes = SameTarget(flat(histories), LENGTH), followed(histories)
    numbers = torch.tensor(list(prefixes), dtype=torch.long)
    others = same.others(numbers, generator(seed))
    rows = same.rows(others)
    for place, (number, other) in enumerate(zip(numbers.tolist(), others.tolist(), strict=True)):
        alike = [found for found, (_, target) in prefixes.items() if target == prefixes[number][1]]
        assert other in alike
        assert (other == number) == (len(alike) == 1)
        assert rows.chosen(torch.tensor([place])).items.tolist() == prefixes[other][0]
    owners = np.repeat(np.arange(len(histories)), [len(history) for history in histories])
    assert same.users(others).tolist() == owners[others.numpy()].tolist()


@given(HISTORIES)
def test_the_prefixes_of_a_batch_are_found_with_their_targets(histories) -> None:
    sequences = flat(histories)
    batch = whole_batch(sequences, LENGTH)
    anchors = draw_anchors(batch, None, generator())
    same, prefixes = SameTarget(sequences, LENGTH), followed(histories)
    numbers = same.prefixes_at(batch, anchors).tolist()
    assert sorted(numbers) == sorted(prefixes)
    assert [prefixes[number][1] for number in numbers] == batch.targets[anchors].tolist()


def test_every_other_prefix_is_as_likely() -> None:
    same = SameTarget(flat([[item, 5] for item in range(5)]), LENGTH)
    drawn = torch.bincount(same.others(torch.full((8000,), 4), generator(1)), minlength=9)
    assert drawn[4] == 0
    assert chisquare(drawn[[0, 2, 6, 8]].tolist()).pvalue > 1e-3
