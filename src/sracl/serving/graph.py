"""A model's scores by ONNX Runtime, where its exported graph lies beside it and answers sooner than PyTorch."""

import json
import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from sracl.datasets.sequences import Sequences
from sracl.evaluation.evaluate import Scorer

GRAPH = "onnx"
"""Folder in a run's folder where `sracl export RUN_DIR RUN_DIR/onnx` puts the graph."""
TOLERANCE = 1e-4
"""Largest difference of a score from PyTorch's, relative to the largest score."""
SIZES, REPEATS = (1, 16), 15
"""Requests that are scored together, and how often each size is timed."""
logger = logging.getLogger("sracl.serving")


class GraphScorer:
    """Scores of all items by an exported graph, in one thread a call as PyTorch's are."""

    def __init__(self, path: Path, facts: dict[str, Any], threads: int) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self.max_length, self.padding = int(facts["max_length"]), int(facts["padding"])

    def score(self, histories: Sequences, users: NDArray[np.int64] | None = None) -> Float[Tensor, "B N"]:
        """Score of every item after each history (of at least one item), cut to the most recent `max_length`."""
        lengths = np.minimum(histories.lengths, self.max_length)
        places = np.arange(self.max_length)
        present = places < lengths[:, None]
        items = np.full(present.shape, self.padding, dtype=np.int64)
        begins = histories.offsets[1:] - lengths
        items[present] = histories.values[(begins[:, None] + places)[present]]
        return torch.from_numpy(self.session.run(["scores"], {"items": items, "lengths": lengths})[0])


@dataclass(frozen=True)
class Choice:
    """What answers: `PyTorch` or `ONNX Runtime`, and why, in words."""

    scorer: Scorer
    name: str
    why: str


def faster_scorer(scorer: Scorer, folder: Path, version: str, histories: Sequences) -> Choice:
    """ONNX Runtime's scorer where it may answer and is measured faster, else the given one of PyTorch.

    It may where the package is installed, the graph in `folder` was exported from the weights of this `version`, and
    its scores are PyTorch's within 1e-4 of the largest. Faster: the sum of its median times for 1 and for 16 requests.
    histories: of the model's users, to measure with.
    """
    made = _graph_of(folder / GRAPH, version)
    asked = np.flatnonzero(histories.lengths > 0)[: max(SIZES)]
    if isinstance(made, str) or not len(asked):
        return Choice(scorer, "PyTorch", made if isinstance(made, str) else "there are no histories to measure with")
    sample = histories.chosen(asked)
    wanted, found = scorer.score(sample, asked).cpu(), made.score(sample)
    difference = float((found - wanted).abs().max() / wanted.abs().max())
    if not difference <= TOLERANCE:
        return Choice(scorer, "PyTorch", f"the graph's scores differ by {difference:.1e}")
    ours, theirs = _milliseconds(scorer, histories, asked), _milliseconds(made, histories, asked)
    told = "; ".join(
        f"{size} at a time: {mine:.2f} ms by PyTorch, {other:.2f} by ONNX Runtime"
        for size, mine, other in zip(SIZES, ours, theirs, strict=True)
    )
    return Choice(made, "ONNX Runtime", told) if sum(theirs) < sum(ours) else Choice(scorer, "PyTorch", told)


def _graph_of(folder: Path, version: str) -> GraphScorer | str:
    """The graph's scorer, or why there is none."""
    if not (folder / "model.onnx").exists():
        return "no graph has been exported"
    try:
        facts = json.loads((folder / "export.json").read_text(encoding="utf-8"))
        if facts.get("version") != version:
            return f"the graph in {folder} is of other weights; export it again"
        return GraphScorer(folder / "model.onnx", facts, torch.get_num_threads())
    except ImportError:
        return "onnxruntime is not installed"
    except Exception as error:  # whatever is wrong with an extra file, the model itself can answer
        logger.warning("the graph in %s cannot be used: %s", folder, error)
        return f"the graph in {folder} cannot be used"


def _milliseconds(scorer: Scorer, histories: Sequences, asked: NDArray[np.int64]) -> list[float]:
    """Median time to score as many requests as in `SIZES`."""
    medians = []
    for size in SIZES:
        chosen = np.resize(asked, size)
        rows, times = histories.chosen(chosen), []
        for _ in range(REPEATS):
            begin = time.perf_counter()
            scorer.score(rows, chosen)
            times.append(time.perf_counter() - begin)
        medians.append(float(np.median(times)) * 1e3)
    return medians
