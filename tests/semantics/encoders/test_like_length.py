"""Batches of texts: every text once, the longest first, small ones of long texts on a processor."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from sracl.semantics.encoders.like_length import CHARACTERS, CHARACTERS_A_TOKEN, batches_of_like_length


@given(
    lengths=st.lists(st.integers(0, 5000), max_size=80),
    size=st.integers(1, 64),
    longest=st.integers(1, 512),
    device=st.sampled_from(["cpu", "cuda"]),
)
def test_every_text_is_in_one_batch_that_is_within_its_bounds(
    lengths: list[int], size: int, longest: int, device: str
) -> None:
    texts = ["x" * length for length in lengths]
    batches = list(batches_of_like_length(texts, size, torch.device(device), longest))
    order = [int(number) for batch in batches for number in batch]
    assert sorted(order) == list(range(len(texts)))
    assert [lengths[number] for number in order] == sorted(lengths, reverse=True)
    for batch in batches:
        read = min(lengths[batch[0]], longest * CHARACTERS_A_TOKEN)
        assert 1 <= len(batch) <= size
        assert device == "cuda" or len(batch) == 1 or len(batch) * read <= CHARACTERS
    if device == "cuda":
        assert len(batches) == -(-len(texts) // size)


def test_equal_lengths_stay_in_order() -> None:
    (batch,) = batches_of_like_length(["ab", "cd", "ef"], 8, torch.device("cpu"), 10)
    np.testing.assert_array_equal(batch, [0, 1, 2])
