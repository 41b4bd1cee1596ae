"""Texts in batches of like length, which on a processor are small where texts are long."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

CHARACTERS = 8192
"""Characters of a batch on a processor, counted as if all texts were as long as its longest. A transformer's memory
grows with the square of a text's length, and larger batches of long texts are no faster there: they leave the cache."""
CHARACTERS_A_TOKEN = 4
"""About what a token of English stands for."""
LONGEST = 512
"""Tokens of a text that are read at most; the model's own limit where it is shorter."""


def batches_of_like_length(
    texts: Sequence[str], batch_size: int, device: torch.device, longest: int
) -> Iterator[NDArray[np.int64]]:
    """Numbers of the texts, the longest text first, in batches of at most `batch_size`.

    longest: tokens beyond which a text is cut.
    """
    lengths = np.array([len(text) for text in texts], dtype=np.int64)
    order = np.argsort(-lengths, kind="stable")
    begin = 0
    while begin < len(order):
        size = batch_size
        if device.type == "cpu":
            read = min(int(lengths[order[begin]]), longest * CHARACTERS_A_TOKEN)
            size = min(size, max(1, CHARACTERS // max(1, read)))
        yield order[begin : begin + size]
        begin += size
