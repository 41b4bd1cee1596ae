"""Transitions that training saw, as evidence of what comes next."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from scipy.sparse import csr_array

from sracl.datasets.sequences import Sequences
from sracl.datasets.sparse import ages, transitions
from sracl.errors import SraclError
from sracl.training.checkpoint import load_tensors, save_tensors


@dataclass(frozen=True)
class TransitionMemory:
    """How often each item came one, two ... `reach` places after each other item, and what that weighs.

    counts: `counts[g - 1][i, j]` says how often item j came g places after item i in training, float32 `[N, N]`.
    concentration: how many transitions the model beside it counts for, above 0. decay: what a transition is worth that
    lies one place further apart, above 0 and at most 1.
    """

    counts: tuple[csr_array, ...]
    concentration: float
    decay: float

    @classmethod
    def of(
        cls, training: Sequences, item_count: int, concentration: float, reach: int = 3, decay: float = 0.5
    ) -> "TransitionMemory":
        """Count the transitions of every user's training items."""
        counts = tuple(transitions(training, item_count, gap) for gap in range(1, reach + 1))
        return cls(counts, concentration, decay)

    @property
    def reach(self) -> int:
        """How many places apart items are counted."""
        return len(self.counts)

    @property
    def item_count(self) -> int:
        """Number of items N."""
        return int(self.counts[0].shape[0])

    @property
    def total(self) -> int:
        """Number of transitions counted, of every length."""
        return int(sum(counts.data.sum(dtype=np.float64) for counts in self.counts))

    def evidence(self, histories: Sequences) -> csr_array:
        """What speaks for each item after each history, in transitions, float32 `[B, N]`, 0 for most.

        e_j = sum over b >= 0, g >= 1 with b + g <= reach of decay^(b + g - 1) n_g(i_b, j), with i_b the item b places
        before the history's last and n_g how often j came g places after it.
        """
        read = histories.most_recent(self.reach)
        rows, back = np.repeat(np.arange(len(read)), read.lengths), ages(read)
        found = csr_array((len(histories), self.item_count), dtype=np.float32)
        for gap, counts in enumerate(self.counts, start=1):
            near = back + gap <= self.reach
            weights = np.power(self.decay, back[near] + gap - 1, dtype=np.float32)
            found = found + csr_array((weights, (rows[near], read.values[near])), shape=found.shape) @ counts
        return found

    def for_items(self, count: int) -> "TransitionMemory":
        """The same for a catalogue that grew to `count` items: nothing has followed the new ones, nor they anything."""
        grown = []
        for counts in self.counts:
            offsets = np.concatenate([counts.indptr, np.full(count - len(counts.indptr) + 1, counts.indptr[-1])])
            grown.append(csr_array((counts.data, counts.indices, offsets), shape=(count, count)))
        return replace(self, counts=tuple(grown))

    def same_counts(self, other: "TransitionMemory") -> bool:
        """Whether both saw the same transitions."""
        pairs = zip(self.counts, other.counts, strict=False)
        return self.reach == other.reach and all(a.shape == b.shape and (a != b).nnz == 0 for a, b in pairs)

    def save(self, path: Path) -> None:
        """Write everything to one safetensors file."""
        tensors = {"settings": torch.tensor([self.concentration, self.decay, self.reach], dtype=torch.float64)}
        for gap, counts in enumerate(self.counts, start=1):
            parts = {"offsets": counts.indptr.astype(np.int64), "items": counts.indices, "counts": counts.data}
            tensors |= {f"{gap}.{name}": torch.from_numpy(part) for name, part in parts.items()}
        save_tensors(path, tensors, {})

    @classmethod
    def load(cls, path: Path, item_count: int) -> "TransitionMemory":
        """Read what `save` wrote. Raises SraclError for a damaged file and for one of other items."""
        try:
            tensors = load_tensors(path)[0]
            concentration, decay, reach = tensors["settings"].tolist()
            counts = tuple(_matrix(tensors, gap, item_count) for gap in range(1, int(reach) + 1))
        except (KeyError, ValueError, SraclError) as error:
            raise SraclError(
                f"{path} is damaged or missing; have it counted again: `sracl train` with "
                "transition_memory.concentration=null, then as before"
            ) from error
        return cls(counts, concentration, decay)


def _matrix(tensors: dict[str, torch.Tensor], gap: int, item_count: int) -> csr_array:
    parts = tuple(tensors[f"{gap}.{name}"].numpy() for name in ("counts", "items", "offsets"))
    made = csr_array(parts, shape=(item_count, item_count))
    made.check_format(full_check=True)
    return made
