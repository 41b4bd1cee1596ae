"""Many sequences of whole numbers as two flat arrays, without a Python object a sequence."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]


@dataclass(frozen=True)
class Sequences:
    """Sequence s is `values[offsets[s]:offsets[s + 1]]`, oldest first.

    values: int32 `[total]`, offsets: int64 `[count + 1]`; both may be memory-mapped.
    """

    values: Int32
    offsets: Int64

    @classmethod
    def from_sorted(cls, owners: NDArray[np.integer], values: NDArray[np.integer], count: int) -> "Sequences":
        """Group `values` `[total]` by `owners` `[total]`, which must rise, into `count` sequences."""
        return cls.from_lengths(values, np.bincount(owners, minlength=count))

    @classmethod
    def from_lengths(cls, values: NDArray[np.integer], lengths: NDArray[np.integer]) -> "Sequences":
        """Cut `values` `[total]` into sequences of `lengths` `[count]`, `total` in all."""
        offsets = np.zeros(len(lengths) + 1, dtype=np.int64)
        np.cumsum(lengths, out=offsets[1:])
        return cls(np.ascontiguousarray(values, dtype=np.int32), offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, number: int) -> Int32:
        if not 0 <= number < len(self):  # also ends iteration
            raise IndexError(f"there is no sequence {number} among {len(self)}")
        return self.values[self.offsets[number] : self.offsets[number + 1]]

    @property
    def lengths(self) -> Int64:
        """Number of values of each sequence, `[count]`."""
        return np.diff(self.offsets)

    def chosen(self, numbers: NDArray[np.integer]) -> "Sequences":
        """The sequences of these numbers, in their order, copied."""
        starts = self.offsets[numbers]
        lengths = self.offsets[np.asarray(numbers) + 1] - starts
        return Sequences.from_lengths(self.values[ranges(starts, lengths)], lengths)

    def shortened(self, by: int) -> "Sequences":
        """The same sequences without their last `by` values (none where there are fewer)."""
        lengths = np.maximum(self.lengths - by, 0)
        return Sequences.from_lengths(self.values[ranges(self.offsets[:-1], lengths)], lengths)

    def most_recent(self, count: int) -> "Sequences":
        """The last `count` values of every sequence (all where there are fewer), copied."""
        lengths = np.minimum(self.lengths, count)
        return Sequences.from_lengths(self.values[ranges(self.offsets[1:] - lengths, lengths)], lengths)

    def save(self, folder: Path, name: str) -> None:
        """Write `NAME.npy` and `NAME_offsets.npy`."""
        np.save(folder / f"{name}.npy", self.values)
        np.save(folder / f"{name}_offsets.npy", self.offsets)

    @classmethod
    def load(cls, folder: Path, name: str) -> "Sequences":
        """Open what `save` wrote, memory-mapped. Raises ValueError or OSError for what it did not write."""
        values = np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
        offsets = np.load(folder / f"{name}_offsets.npy", allow_pickle=False)
        if values.dtype != np.int32 or values.ndim != 1 or offsets.dtype != np.int64 or offsets.ndim != 1:
            raise ValueError(f"{name}.npy and {name}_offsets.npy are no flat arrays of int32 and int64")
        if len(offsets) == 0 or offsets[0] != 0 or offsets[-1] != len(values) or (np.diff(offsets) < 0).any():
            raise ValueError(f"{name}_offsets.npy does not rise from 0 to the length of {name}.npy")
        return cls(values, offsets)


def ranges(starts: NDArray[np.integer], lengths: NDArray[np.integer]) -> Int64:
    """`start, start + 1, ... start + length - 1` for every pair, one after another, `[sum of lengths]`."""
    ends = np.cumsum(lengths, dtype=np.int64)
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total, dtype=np.int64) + np.repeat(starts - (ends - lengths), lengths)
