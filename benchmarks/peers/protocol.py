"""What every program in the comparison shares: the data, how they are validated, when they stop, what they leave.

Needs NumPy and PyTorch alone, so that it runs in each program's own environment. A program brings three functions: one
that learns an epoch, one that encodes histories, one that gives the item table; all else is here, the same for all.
"""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

MAX_LENGTH, DIMENSION, LAYERS, HEADS, INNER, DROPOUT, LEARNING_RATE = 20, 64, 2, 2, 256, 0.5, 1e-3
"""The sizes that all programs are given."""
TARGETS_A_STEP = 350
USERS_AT_ONCE = 512


@dataclass(frozen=True)
class Data:
    """Histories of items 0 ... N - 1 in time order; the last is the test target, the one before it validation's."""

    values: np.ndarray
    offsets: np.ndarray
    item_count: int

    @classmethod
    def load(cls, folder: Path) -> "Data":
        """Read what `compare.py` wrote."""
        facts = json.loads((folder / "facts.json").read_text())
        return cls(np.load(folder / "values.npy"), np.load(folder / "offsets.npy"), facts["item_count"])

    def histories(self, held_out: int) -> list[np.ndarray]:
        """Every user's items without the last `held_out`: 2 for training, 2 to validate with, 1 to test with."""
        ends = self.offsets[1:] - held_out
        return [self.values[begin:end] for begin, end in zip(self.offsets[:-1], ends, strict=True)]

    def targets(self, held_out: int) -> np.ndarray:
        """Every user's item `held_out` from the end: 1 is the test target, 2 the validation target."""
        return self.values[self.offsets[1:] - held_out]

    @property
    def users_a_step(self) -> int:
        """Users in a batch that has TARGETS_A_STEP targets on average."""
        targets = np.minimum(np.diff(self.offsets) - 3, MAX_LENGTH).sum()
        return max(1, round(TARGETS_A_STEP * (len(self.offsets) - 1) / targets))


def padded(histories: Sequence[np.ndarray], shift: int, padding: int, left: bool) -> torch.Tensor:
    """The last MAX_LENGTH items of each history plus `shift`, int64 `[U, MAX_LENGTH]`, padded on one side."""
    rows = np.full((len(histories), MAX_LENGTH), padding, dtype=np.int64)
    for row, history in zip(rows, histories, strict=True):
        recent = history[-MAX_LENGTH:] + shift
        row[slice(-len(recent), None) if left else slice(0, len(recent))] = recent
    return torch.from_numpy(rows)


def reciprocal_ranks(states: torch.Tensor, table: torch.Tensor, targets: np.ndarray) -> np.ndarray:
    """Ranks by full ranking with seen items kept, as 1 / rank, float64 `[U]`; ties stand before the target."""
    found = []
    for begin in range(0, len(states), USERS_AT_ONCE):
        scores = states[begin : begin + USERS_AT_ONCE] @ table.T
        wanted = torch.from_numpy(targets[begin : begin + USERS_AT_ONCE].astype(np.int64))[:, None]
        own = scores.gather(1, wanted)
        found.append(1.0 / (scores >= own).sum(dim=1).double())
    return torch.cat(found).numpy()


def metrics(reciprocal: np.ndarray) -> dict[str, float]:
    """HR@10, NDCG@10 and MRR@10 of targets at 1 / `reciprocal`."""
    ranks = np.rint(1 / reciprocal)
    hit = ranks <= 10
    return {
        "HR@10": float(hit.mean()),
        "NDCG@10": float((hit / np.log2(ranks + 1)).mean()),
        "MRR@10": float((hit * reciprocal).mean()),
    }


@dataclass
class Watch:
    """Validates after each epoch, keeps the best epoch's test metrics, stops by patience, writes records as it goes."""

    data: Data
    program: str
    out: Path
    epochs: int
    patience: int
    encode: Callable[[Sequence[np.ndarray]], torch.Tensor]
    table: Callable[[], torch.Tensor]
    seconds: list[float] = field(default_factory=list)
    validation: list[float] = field(default_factory=list)
    test: dict[str, float] = field(default_factory=dict)
    best: int = 0

    def after_epoch(self, seconds: float) -> bool:
        """Take note of an epoch of `seconds` of learning; True where training should stop."""
        self.seconds.append(seconds)
        with torch.no_grad():
            table = self.table()
            found = reciprocal_ranks(self.encode(self.data.histories(2)), table, self.data.targets(2))
            self.validation.append(metrics(found)["MRR@10"])
            if self.validation[-1] == max(self.validation):
                self.best = len(self.validation)
                self.test = metrics(reciprocal_ranks(self.encode(self.data.histories(1)), table, self.data.targets(1)))
        self._write()
        print(
            f"{self.program}: epoch {len(self.seconds)}, {seconds:.1f} s, MRR@10 {self.validation[-1]:.4f}", flush=True
        )
        return len(self.seconds) >= self.epochs or len(self.seconds) - self.best >= self.patience

    def _write(self) -> None:
        record = {
            "program": self.program,
            "seconds": self.seconds,
            "validation MRR@10": self.validation,
            "best epoch": self.best,
            "test": self.test,
            "threads": torch.get_num_threads(),
        }
        aside = self.out.with_suffix(".part")
        aside.write_text(json.dumps(record))
        aside.replace(self.out)


def learn(watch: Watch, epoch: Callable[[], None]) -> None:
    """Epochs until the watch stops them, for programs whose epochs can be called one by one."""
    stop = False
    while not stop:
        begin = time.perf_counter()
        epoch()
        stop = watch.after_epoch(time.perf_counter() - begin)


def arguments() -> argparse.Namespace:
    """What `compare.py` hands to every program."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--patience", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--run-dir", type=Path, help="sracl alone: a run whose stages up to `neighbors` are done")
    parser.add_argument("--whole", action="store_true", help="sracl alone: the contrastive losses as well")
    found = parser.parse_args()
    torch.set_num_threads(found.threads)
    torch.manual_seed(found.seed)
    return found
