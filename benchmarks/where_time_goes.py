"""Where the time of a training epoch goes, beside what the machine can do, in one process.

    python benchmarks/where_time_goes.py RUN_DIR [--threads 1] [--steps 100]

RUN_DIR is a run whose stages up to `neighbors` are done. Prints, for plain training and the whole objective, the mean
milliseconds a step of every part, the tokens encoded, the matrix arithmetic and its share of the machine's measured
peak; appends a line of JSON to benchmarks/results/where_time_goes.jsonl. Validation is spread over the epoch's steps.
"""

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table
from torch.utils.flop_counter import FlopCounterMode

from prepared import Prepared
from sracl.backbones.scorer import BackboneScorer
from sracl.evaluation.evaluate import evaluate
from sracl.objectives.next_item import Softmax
from sracl.objectives.training_objective import TrainingObjective
from sracl.products import without_kernels_by_shape
from sracl.training.allocator import keep_freed_memory
from sracl.training.batches import TrainingRows

RESULTS = Path(__file__).parent / "results" / "where_time_goes.jsonl"
WARM_UP = 10
PRODUCTS_OF_CATALOGUE = 3
"""Logits, the states' gradient and the table's, of 2 m N d FLOP each."""


def best_seconds(work: Callable[[], object], repeats: int = 7) -> float:
    """The least time of several."""
    found = []
    for _ in range(repeats):
        begin = time.perf_counter()
        work()
        found.append(time.perf_counter() - begin)
    return min(found)


def machine() -> dict[str, float]:
    """float32 GFLOP/s of a product of 2048 x 2048, and GB/s read and written by a copy of 256 MB."""
    size = 2048
    left, right, out = torch.randn(size, size), torch.randn(size, size), torch.empty(size, size)
    source = torch.randn(2**26)
    copy = torch.empty_like(source)
    return {
        "peak, GFLOP/s": 2 * size**3 / best_seconds(lambda: torch.mm(left, right, out=out)) / 1e9,
        "copy, GB/s": 2 * source.nbytes / best_seconds(lambda: copy.copy_(source)) / 1e9,
    }


class Parts:
    """Seconds by part of a step."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.last = time.perf_counter()

    def start(self) -> None:
        """The next part begins now."""
        self.last = time.perf_counter()

    def end(self, part: str) -> None:
        """What ran since the last call was of this part."""
        now = time.perf_counter()
        self.seconds[part] += now - self.last
        self.last = now


def learn(
    objective: TrainingObjective, rows: TrainingRows, targets_per_step: int, steps: int, parts: Parts
) -> tuple[float, float]:
    """Steps as the training loop takes them, by part; returns tokens and targets a step."""
    optimizer = torch.optim.Adam(objective.parameters(), fused=True)
    generator = torch.Generator().manual_seed(0)
    tokens = targets = 0
    batches = rows.epoch(targets_per_step, generator)
    objective.train()
    for step in range(WARM_UP + steps):
        if step == WARM_UP:
            parts.seconds.clear()
            tokens = targets = 0
        parts.start()
        batch = next(batches)
        draws = objective.draw(batch, generator)
        parts.end("batch and draws")
        own, others = objective._encode(batch.rows, list(draws.drawn.values()))
        parts.end("backbone, forward")
        table, items = objective.backbone.scored_table, objective.backbone.item_count
        total = Softmax()(own, table, batch.targets, batch.with_target, items=items)
        parts.end("catalogue loss, with its gradients")
        for (name, drawn), encoded in zip(draws.drawn.items(), others, strict=True):
            loss = objective._objective(name).loss(own[draws.anchors], encoded, drawn)
            total = total + objective.weights[name] * loss
        parts.end("contrastive losses, forward")
        optimizer.zero_grad(set_to_none=True)
        total.backward()
        parts.end("backward of the rest")
        optimizer.step()
        parts.end("optimiser")
        tokens += len(batch.rows.items) + sum(len(drawn.rows.items) for drawn in draws.drawn.values())
        targets += int((batch.targets >= 0).sum())
    return tokens / steps, targets / steps


def gigaflop(objective: TrainingObjective, rows: TrainingRows, targets_per_step: int, targets: float) -> float:
    """Matrix arithmetic of a mean step: the catalogue's by formula, the rest counted over some steps."""
    generator = torch.Generator().manual_seed(0)
    batches = rows.epoch(targets_per_step, generator)
    steps, counted = 10, 0
    for _ in range(steps):
        batch = next(batches)
        draws = objective.draw(batch, generator)
        with FlopCounterMode(display=False) as counter:
            own, others = objective._encode(batch.rows, list(draws.drawn.values()))
            total = own.sum()
            for (name, drawn), encoded in zip(draws.drawn.items(), others, strict=True):
                total = total + objective._objective(name).loss(own[draws.anchors], encoded, drawn)
            total.backward()
        counted += counter.get_total_flops()
    backbone = objective.backbone
    catalogue = PRODUCTS_OF_CATALOGUE * 2 * targets * backbone.item_count * backbone.dimension
    return (counted / steps + catalogue) / 1e9


def main() -> None:
    """Measure both trainings and print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("run_dir", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--steps", type=int, default=100)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    keep_freed_memory()
    run = Prepared.open(arguments.run_dir)
    rows, targets_per_step = run.rows, run.config.training.targets_per_step
    can = machine()
    found = {}
    for name, objective in (("plain", run.plain()), ("whole", run.whole())):
        parts = Parts()
        with without_kernels_by_shape():
            tokens, targets = learn(objective, rows, targets_per_step, arguments.steps, parts)
        milliseconds = {part: seconds / arguments.steps * 1e3 for part, seconds in parts.seconds.items()}
        step = sum(milliseconds.values())
        work = gigaflop(objective, rows, targets_per_step, targets)
        begin = time.perf_counter()
        evaluate(BackboneScorer(objective.backbone), run.split, "validation", cutoffs=(10,))
        milliseconds["validation, spread"] = (time.perf_counter() - begin) * 1e3 / (rows.target_count / targets)
        rate = work / step * 1e3
        found[name] = milliseconds | {
            "a step of learning": step,
            "seconds an epoch of learning": step * rows.target_count / targets / 1e3,
            "tokens encoded": tokens,
            "targets": targets,
            "GFLOP": work,
            "share of the peak": rate / can["peak, GFLOP/s"],
        }
    threads = torch.get_num_threads()
    table = Table(title=f"{arguments.run_dir}: a step, in milliseconds unless said; {threads} thread(s)")
    for column in ("", "plain", "whole"):
        table.add_column(column, justify="left" if not column else "right")
    for part in found["whole"]:
        table.add_row(part, *(f"{found[name].get(part, 0.0):.2f}" for name in found))
    Console().print(table)
    Console().print(", ".join(f"{name} {value:.1f}" for name, value in can.items()))
    facts = {"command": sys.argv, "threads": threads, "machine": can, **found}
    RESULTS.parent.mkdir(exist_ok=True)
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(facts) + "\n")


if __name__ == "__main__":
    main()
