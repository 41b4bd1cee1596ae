"""What is remembered is what a count by hand finds, and survives the disk."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sracl.errors import SraclError
from sracl.training.checkpoint import load_tensors, save_tensors
from sracl.transition_memory import TransitionMemory
from support.lists import flat

ITEMS = 6
LISTS = st.lists(st.lists(st.integers(0, ITEMS - 1), max_size=7), max_size=6)


def evidence_by_hand(training: list[list[int]], history: list[int], reach: int, decay: float) -> list[float]:
    """The definition, read plainly: every pair of a place in the history and a pair of places in training."""
    found = [0.0] * ITEMS
    for back, item in enumerate(reversed(history)):
        for sequence in training:
            for place, earlier in enumerate(sequence):
                for gap, later in enumerate(sequence[place + 1 :], start=1):
                    if earlier == item and back + gap <= reach:
                        found[later] += decay ** (back + gap - 1)
    return found


@settings(deadline=None)
@given(LISTS, LISTS, st.integers(1, 4), st.sampled_from([0.25, 0.5, 1.0]))
def test_evidence_is_that_of_the_definition(training, histories, reach: int, decay: float) -> None:
    memory = TransitionMemory.of(flat(training), ITEMS, 10.0, reach, decay)
    wanted = np.array([evidence_by_hand(training, history, reach, decay) for history in histories])
    found = memory.evidence(flat(histories)).toarray()
    np.testing.assert_allclose(found, wanted.reshape(len(histories), ITEMS), rtol=1e-6)


def test_the_usual_reach_by_hand() -> None:
    memory = TransitionMemory.of(flat([[0, 1, 2, 3]]), ITEMS, 10.0)
    assert (memory.reach, memory.decay, memory.total) == (3, 0.5, 3 + 2 + 1)
    found = memory.evidence(flat([[0, 1], [0, 1, 1]])).toarray()
    # After 1 come 2 at once (1) and 3 next but one (.5); 0 one place before brings 1 (.5) and 2 (.25).
    assert found[0].tolist() == [0, 0.5, 1.25, 0.5, 0, 0]
    # A 1 two places back counts again, half; the 0 before it brings 1 once more, at .25.
    assert found[1].tolist() == [0, 0.25, 1 + 0.5, 0.5 + 0.25, 0, 0]


def test_new_items_are_followed_by_nothing_and_follow_nothing() -> None:
    memory = TransitionMemory.of(flat([[0, 1, 2], [2, 0]]), 3, 10.0)
    grown = memory.for_items(5)
    assert grown.item_count == 5
    found = grown.evidence(flat([[0], [4], [3, 0]])).toarray()
    assert found[:, :3].tolist() == memory.evidence(flat([[0], [], [0]])).toarray().tolist()
    assert not found[:, 3:].any()
    assert not found[1].any()


def test_it_survives_the_disk(tmp_path) -> None:
    memory = TransitionMemory.of(flat([[0, 1, 2, 1], [2, 0]]), ITEMS, 30.0, reach=2, decay=0.7)
    memory.save(tmp_path / "one.safetensors")
    loaded = TransitionMemory.load(tmp_path / "one.safetensors", ITEMS)
    assert loaded.same_counts(memory)
    assert (loaded.concentration, loaded.decay, loaded.reach) == (30.0, 0.7, 2)
    assert not loaded.same_counts(TransitionMemory.of(flat([[0, 1, 2, 1]]), ITEMS, 30.0, reach=2))
    assert not loaded.same_counts(TransitionMemory.of(flat([[0, 1, 2, 1], [2, 0]]), ITEMS, 30.0, reach=3))


def test_a_damaged_file_and_one_of_other_items_are_refused(tmp_path) -> None:
    path = tmp_path / "one.safetensors"
    TransitionMemory.of(flat([[0, 1, 2]]), ITEMS, 30.0).save(path)
    with pytest.raises(SraclError, match="is damaged"):
        TransitionMemory.load(path, ITEMS - 1)
    tensors = load_tensors(path)[0]
    for name, changed in (("1.items", tensors["1.items"] + ITEMS), ("1.counts", tensors["1.counts"][:-1])):
        save_tensors(path, tensors | {name: changed}, {})
        with pytest.raises(SraclError, match="is damaged"):
            TransitionMemory.load(path, ITEMS)
    save_tensors(path, {"settings": tensors["settings"], "1.items": tensors["1.items"]}, {})
    with pytest.raises(SraclError, match="is damaged"):
        TransitionMemory.load(path, ITEMS)
    path.write_bytes(b"rubbish")
    with pytest.raises(SraclError, match="damaged or missing"):
        TransitionMemory.load(path, ITEMS)


def test_pairs_next_to_each_other_are_the_first_of_its_counts() -> None:
    training = [[0, 1, 0, 1, 3], [], [1]]
    counts = TransitionMemory.of(flat(training), ITEMS, 1.0, reach=1).counts[0].toarray()
    for one in range(ITEMS):
        for other in range(ITEMS):
            assert counts[one, other] == sum(list(pairwise(part)).count((one, other)) for part in training)
