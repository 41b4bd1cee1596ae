"""What a GPU makes of a training epoch, its validation and the exact search, in one process.

    python benchmarks/on_gpu.py RUN_DIR [--targets 350 2800] [--epochs 3] [--results FILE]

RUN_DIR is a run whose stages up to `neighbors` are done. Trains a few epochs of each objective by the training loop
itself, in float32 and in the mixed precision that `auto` takes, and counts what a step asks of the GPU. Prints a table
and appends a line of JSON to benchmarks/results/on_gpu.jsonl.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch.profiler import ProfilerActivity, profile

from sracl.config import RunConfig, TrainingConfig, read_config
from sracl.datasets.dataset import Dataset
from sracl.datasets.splits import Split, leave_one_out
from sracl.objectives.training_objective import TrainingObjective
from sracl.semantics.index import SemanticIndex
from sracl.semantics.pool import exclusion
from sracl.semantics.retrieval import nearest
from sracl.semantics.stages import pool_of
from sracl.training.assembly import make_objective, make_plain_objective
from sracl.training.batches import TrainingRows
from sracl.training.loop import train

RESULTS = Path(__file__).parent / "results" / "on_gpu.jsonl"
PROFILED, WARM_UP = 20, 10
QUERIES = 20_000


class Records:
    """Keeps the epochs' records."""

    def __init__(self) -> None:
        self.epochs: list[dict[str, Any]] = []

    def on_step(self, epoch: int, targets: int, parts: dict[str, float]) -> None:
        """Steps are not kept."""

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


def search(index: SemanticIndex, config: RunConfig) -> dict[str, float]:
    """Seconds of the exact search of some queries among all prefixes, the second time."""
    queries = np.random.default_rng(0).permutation(len(index.pool))[:QUERIES]
    seconds = []
    for _ in range(2):
        begin = time.perf_counter()
        nearest(index.prefix_embeddings, 10, exclusion(index.pool, config.protocol), queries=queries)
        seconds.append(time.perf_counter() - begin)
    return {"queries": len(queries), "seconds": seconds[-1]}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("run_dir", type=Path)
    parser.add_argument("--targets", type=int, nargs="+", default=[350, 2800])
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--results", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    config = read_config(arguments.run_dir / "config.yaml")
    dataset = Dataset.load(arguments.run_dir / "dataset")
    split = leave_one_out(dataset.histories)
    index = SemanticIndex.load(arguments.run_dir / "semantics", dataset, pool_of(split, config))
    rows = TrainingRows.of(split.training, config.dataset.max_length)

    def made(name: str) -> TrainingObjective:
        if name == "plain":
            return make_plain_objective(config, dataset.item_count, split.training)
        objective = make_objective(config, dataset.item_count, split.training, semantic=index)
        objective.anchors_per_row = None if name == "all anchors" else 1
        return objective

    found: dict[str, dict[str, Any]] = {}
    table = Table(title=f"{torch.cuda.get_device_name()}: seconds an epoch, and a step")
    columns = ("learning", "validation", "MiB", "step, ms", "GPU busy, ms", "kernels", "copies", "waits")
    for column in ("", *columns):
        table.add_column(column, justify="left" if not column else "right")
    for targets in arguments.targets:
        for precision in ("32-true", "bf16-mixed"):
            for name in ("plain", "whole", "all anchors"):
                changes = {"epochs": arguments.epochs, "targets_per_step": targets, "precision": precision}
                settings = config.training.model_copy(update=changes | {"device": "cuda"})
                row = epochs_of(made(name), split, settings)
                row |= step_of(made(name), rows, targets, precision != "32-true")
                key = f"{name}, {precision}, {targets} targets"
                found[key] = row
                table.add_row(key, *(f"{row[column]:.2f}" for column in columns))
                print(key, {column: row[column] for column in row if column != "top"}, flush=True)
    found["exact search"] = search(index, config)
    Console(width=160).print(table)
    print(found["exact search"])
    for key in (
        f"plain, bf16-mixed, {arguments.targets[0]} targets",
        f"whole, bf16-mixed, {arguments.targets[0]} targets",
    ):
        print(key, *(f"\n  {time:.3f} ms {count} x {name}" for name, time, count in found[key]["top"]))
    facts = {"command": sys.argv, "gpu": torch.cuda.get_device_name(), "torch": torch.__version__, **found}
    arguments.results.parent.mkdir(exist_ok=True)
    with arguments.results.open("a", encoding="utf-8") as file:
        file.write(json.dumps(facts) + "\n")


if __name__ == "__main__":
    main()
