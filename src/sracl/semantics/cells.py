"""Rows in cells of alike ones: the k-means of their codes."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int, Int8
from numpy.typing import NDArray
from torch import Tensor

from sracl.errors import InputError
from sracl.mapped import let_go
from sracl.semantics.codes import Coder, scores

CELLS = 3
"""Cells, over the square root of the number of rows."""
ROUNDS, SAMPLE = 5, 20
"""Rounds of k-means, and the rows a cell that it sees. More of either changes the recall by less than chance does."""
BLOCK = 2048
"""Rows computed with at a time."""
COLUMNS = 32
"""Numbers of every code that are put into order at a time."""


@dataclass(frozen=True)
class Cells:
    """All rows but those of zeros, in the order of their cells, and by number within a cell.

    numbers: each place's row, int64 `[n]`; owners: its cell, int64 `[n]`; codes, halves: its code and half its square.
    Cell c has the places `offsets[c] ... offsets[c + 1] - 1`; centres, centre_halves: the code of its middle and half
    the square of that.
    """

    coder: Coder
    numbers: Int[Tensor, " n"]
    owners: Int[Tensor, " n"]
    codes: Int8[Tensor, "n d"]
    halves: Int[Tensor, " n"]
    offsets: Int[Tensor, " C1"]
    centres: Int8[Tensor, "C d"]
    centre_halves: Int[Tensor, " C"]

    @classmethod
    def of(cls, embeddings: NDArray[np.float32], seed: int) -> "Cells | None":
        """Cells of the rows of `embeddings` `[P, D]`, None where all are zeros. `seed` draws the first centres.

        Raises InputError for NaN or infinite embeddings.
        """
        numbers = filled_rows(embeddings)
        if len(numbers) == 0:
            return None
        count = min(len(numbers), round(CELLS * len(numbers) ** 0.5))
        generator = torch.Generator().manual_seed(seed)
        drawn = numbers[torch.randperm(len(numbers), generator=generator)[: SAMPLE * count]]
        sample = rows_of(embeddings, drawn)
        let_go(embeddings)
        coder = Coder.of(sample, seed)
        centres = coder.rounded(_centres(coder.codes(sample)[0].float(), count))
        centre_halves = half_squares(centres)
        codes = torch.empty(len(numbers), centres.shape[1], dtype=torch.int8)
        halves, owners = torch.empty(len(numbers), dtype=torch.int32), torch.empty_like(numbers)
        for begin in range(0, len(numbers), BLOCK):
            block = slice(begin, begin + BLOCK)
            codes[block], halves[block] = coder.codes(rows_of(embeddings, numbers[block]))
            owners[block] = scores(codes[block], centres, centre_halves).argmax(dim=1)
            let_go(embeddings)
        order = torch.argsort(owners, stable=True)
        # Some columns at a time: all at once there would be two copies of what grows most.
        for begin in range(0, codes.shape[1], COLUMNS):
            some = slice(begin, begin + COLUMNS)
            codes[:, some] = codes[order, some]
        offsets = torch.zeros(count + 1, dtype=torch.int64)
        torch.cumsum(torch.bincount(owners, minlength=count), 0, out=offsets[1:])
        return cls(coder, numbers[order], owners[order], codes, halves[order], offsets, centres, centre_halves)

    def __len__(self) -> int:
        return len(self.centres)

    def to_centres(self, codes: Int8[Tensor, "a d"]) -> Tensor:
        """How near some codes are to the centres, whole numbers `[a, C]`, int32 or float32."""
        return scores(codes, self.centres, self.centre_halves)

    def to_rows(self, codes: Int8[Tensor, "a d"], places: Int[Tensor, " b"] | slice) -> Tensor:
        """How near some codes are to the rows at some places, whole numbers `[a, b]`, int32 or float32."""
        return scores(codes, self.codes[places], self.halves[places])


def half_squares(codes: Int8[Tensor, "n d"]) -> Int[Tensor, " n"]:
    """Half the square of the length of some codes, int32 `[n]`."""
    return (codes.float().square().sum(dim=1) / 2).round().int()


def rows_of(embeddings: NDArray[np.float32], numbers: Int[Tensor, " n"]) -> Float[Tensor, "n D"]:
    """Some rows, copied."""
    return torch.from_numpy(np.asarray(embeddings[numbers.numpy()], dtype=np.float32))


def filled_rows(embeddings: NDArray[np.float32]) -> Int[Tensor, " n"]:
    """The numbers of the rows that are not all zeros. Raises InputError for NaN or infinite values."""
    found = []
    for begin in range(0, len(embeddings), BLOCK):
        block = np.asarray(embeddings[begin : begin + BLOCK])
        if not np.isfinite(block).all():
            raise InputError("the embeddings hold NaN or infinite values; embed the texts again")
        found.append(begin + np.flatnonzero(block.any(axis=1)))
        let_go(embeddings)
    return torch.from_numpy(np.concatenate(found)) if found else torch.empty(0, dtype=torch.int64)


def _centres(sample: Float[Tensor, "n d"], count: int) -> Float[Tensor, "C d"]:
    """k-means of a sample in a random order; a centre that is nobody's nearest stays."""
    centres = sample[:count].clone()
    for _ in range(ROUNDS):
        halves = centres.square().sum(dim=1) / 2
        nearness = (torch.addmm(halves, block, centres.T, beta=-1) for block in sample.split(BLOCK))
        nearest = torch.cat([block.argmax(dim=1) for block in nearness])
        sums = torch.zeros_like(centres).index_add_(0, nearest, sample)
        members = torch.bincount(nearest, minlength=count)[:, None]
        centres = torch.where(members > 0, sums / members.clamp(min=1), centres)
    return centres
