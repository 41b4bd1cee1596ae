"""What a GPU makes of a training epoch, its validation and the exact search, in one process.

    python benchmarks/on_gpu.py RUN_DIR [--targets 350 2800] [--epochs 3] [--results FILE]

RUN_DIR is a run whose stages up to `neighbors` are done. Trains a few epochs of each objective by the training loop
itself, in float32 and with half precision mixed in, and counts what a step asks of the GPU. Prints a table
and appends a line of JSON a row to benchmarks/results/on_gpu.jsonl.
"""

import argparse
import json
import sys
import time
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch.profiler import ProfilerActivity, profile

from prepared import Prepared
from sracl.config import TrainingConfig
from sracl.datasets.splits import Split
from sracl.objectives.training_objective import TrainingObjective
from sracl.semantics.pool import exclusion
from sracl.semantics.retrieval import nearest
from sracl.training.batches import TrainingRows
from sracl.training.loop import train
from sracl.training.watching import Silent

RESULTS = Path(__file__).parent / "results" / "on_gpu.jsonl"
PROFILED, WARM_UP = 20, 10
QUERIES = 20_000
KINDS = ("plain", "whole", "all anchors")


class Records(Silent):
    """Keeps the epochs' records."""

    def __init__(self) -> None:
        self.epochs: list[dict[str, Any]] = []

    def on_epoch(self, record: dict[str, Any]) -> None:
        """Keep it."""
        self.epochs.append(record)


def epochs_of(objective: TrainingObjective, split: Split, settings: TrainingConfig) -> dict[str, float]:
    """Seconds of the median epoch after the first, of its learning and its validation, and the memory of the GPU."""
    torch.cuda.reset_peak_memory_stats()
    records = Records()
    train(objective, split, settings, 0, watcher=records)
    later = records.epochs[1:] or records.epochs
    return {
        "learning": float(np.median([record["seconds_learning"] for record in later])),
        "validation": float(np.median([record["seconds"] - record["seconds_learning"] for record in later])),
        "MiB": torch.cuda.max_memory_allocated() / 2**20,
        "loss": records.epochs[-1]["losses"]["next_item"],
        "validation MRR@10": records.epochs[-1]["validation"]["MRR@10"],
    }


def step_of(
    objective: TrainingObjective, rows: TrainingRows, targets_per_step: int, mixed: bool
) -> dict[str, float | list[tuple[str, float, int]]]:
    """What a step asks of the GPU: kernels, waits, and milliseconds of its own and of the processor's."""
    objective.cuda().train()
    optimizer = torch.optim.Adam(objective.parameters(), fused=True)
    generator = torch.Generator().manual_seed(0)
    batches = rows.epoch(targets_per_step, generator)

    def step() -> None:
        batch = next(batches)
        draws = objective.draw(batch, generator)
        with torch.autocast("cuda", torch.bfloat16, enabled=mixed):
            total = objective(batch.to(torch.device("cuda")), draws).total
        optimizer.zero_grad(set_to_none=True)
        total.backward()
        optimizer.step()

    for _ in range(WARM_UP):
        step()
    torch.cuda.synchronize()
    begin = time.perf_counter()
    for _ in range(PROFILED):
        step()
    torch.cuda.synchronize()
    wall = (time.perf_counter() - begin) / PROFILED * 1e3
    with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as found:
        for _ in range(PROFILED):
            step()
        torch.cuda.synchronize()
    events = found.key_averages()

    def count(*names: str) -> float:
        return sum(event.count for event in events if any(name in event.key for name in names)) / PROFILED

    busy = sum(event.self_device_time_total for event in events) / PROFILED / 1e3
    top = sorted(events, key=lambda event: -event.self_device_time_total)[:12]
    return {
        "step, ms": wall,
        "GPU busy, ms": busy,
        "kernels": count("LaunchKernel"),
        "copies": count("cudaMemcpyAsync"),
        "waits": count("cudaStreamSynchronize", "cudaDeviceSynchronize"),
        "top": [
            (event.key[:60], event.self_device_time_total / PROFILED / 1e3, event.count // PROFILED) for event in top
        ],
    }


def search(run: Prepared) -> dict[str, float]:
    """Seconds of the exact search of some queries among all prefixes, the second time."""
    queries = np.random.default_rng(0).permutation(len(run.pool))[:QUERIES]
    seconds = []
    for _ in range(2):
        begin = time.perf_counter()
        nearest(run.semantic.prefix_embeddings, 10, exclusion(run.pool, run.config.protocol), queries=queries)
        seconds.append(time.perf_counter() - begin)
    return {"queries": len(queries), "seconds": seconds[-1]}


def objective_of(run: Prepared, kind: str) -> TrainingObjective:
    """SASRec alone, with SRA-CL of one anchor a row, or with SRA-CL of every prefix."""
    if kind == "plain":
        return run.plain()
    made = run.whole()
    made.anchors_per_row = None if kind == "all anchors" else 1
    return made


def row(run: Prepared, kind: str, precision: str, targets: int, epochs: int) -> dict[str, Any]:
    """What an epoch and a step take."""
    changes = {"epochs": epochs, "targets_per_step": targets, "precision": precision, "device": "cuda"}
    settings = run.config.training.model_copy(update=changes)
    found = epochs_of(objective_of(run, kind), run.split, settings)
    return found | step_of(objective_of(run, kind), run.rows, targets, precision != "32-true")


def main() -> None:
    """Measure, print, and append a row at a time: what is measured stays, whatever stops the rest."""
    parser = argparse.ArgumentParser()
    parser.add_argument("run_dir", type=Path)
    parser.add_argument("--targets", type=int, nargs="+", default=[350, 2800])
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--results", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    run = Prepared.open(arguments.run_dir)
    facts = {"command": sys.argv, "gpu": torch.cuda.get_device_name(), "torch": torch.__version__}
    arguments.results.parent.mkdir(exist_ok=True)

    def note(measured: str, found: dict[str, Any]) -> None:
        with arguments.results.open("a", encoding="utf-8") as file:
            file.write(json.dumps(facts | {"measured": measured} | found) + "\n")

    found = search(run)
    note("exact search", found)
    print("exact search", found)
    table = Table(title=f"{torch.cuda.get_device_name()}: seconds an epoch, and a step")
    columns = ("learning", "validation", "MiB", "step, ms", "GPU busy, ms", "kernels", "copies", "waits")
    for column in ("", *columns):
        table.add_column(column, justify="left" if not column else "right")
    for targets, precision, kind in product(arguments.targets, ("32-true", "bf16-mixed"), KINDS):
        measured = row(run, kind, precision, targets, arguments.epochs)
        note(f"{kind}, {precision}, {targets} targets", measured)
        table.add_row(f"{kind}, {precision}, {targets} targets", *(f"{measured[column]:.2f}" for column in columns))
    Console(width=160).print(table)


if __name__ == "__main__":
    main()
