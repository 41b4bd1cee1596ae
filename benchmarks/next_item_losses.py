"""What each next-item loss takes as the catalogue grows: processor time and memory of a training step's end.

    python benchmarks/next_item_losses.py [--items 10000 100000 1000000] [--targets 350] [--dimension 64]

Each loss and size has a process of its own, one thread. A step draws negatives, computes the loss and the gradients of
the states and of the item table, and lets Adam move the table; there is no backbone in it. "whole logits" is PyTorch's
`cross_entropy` of `states @ table.T`, as a plain program writes it. Processor seconds, so that other programs on the
machine count little; memory is the most above what the table and Adam's moments take, the table's gradient included
(Linux only). Appends a line of JSON to benchmarks/results/next_item_losses.jsonl.
"""

import argparse
import ctypes
import json
import sys
import time
from multiprocessing import get_context
from pathlib import Path
from statistics import median

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import nn
from torch.nn import functional

from sracl.backbones.rows import Rows
from sracl.datasets.sequences import Sequences
from sracl.objectives.batch import Batch
from sracl.objectives.context import ObjectiveContext
from sracl.objectives.next_item import NEXT_ITEM_LOSSES
from sracl.training.allocator import keep_freed_memory

RESULTS = Path(__file__).parent / "results" / "next_item_losses.jsonl"
WHOLE = "whole logits"
USERS, HISTORY = 50_000, 10
STEPS = 7


def batch_of(targets: int, items: int) -> Batch:
    """Rows of two items that are asked for one next item each, of different users."""
    random = np.random.default_rng(0)
    wanted = torch.full((2 * targets,), -1, dtype=torch.long)
    wanted[1::2] = torch.from_numpy(random.integers(0, items, targets))
    return Batch(
        rows=Rows(torch.from_numpy(random.integers(0, items, 2 * targets)), torch.full((targets,), 2)),
        users=torch.from_numpy(random.choice(USERS, targets, replace=False)),
        targets=wanted,
        positions=torch.arange(1, 3).repeat(targets),
    )


def measured(name: str, items: int, targets: int, dimension: int) -> dict[str, float]:
    """Median processor milliseconds of a step's parts, and the most memory above the table's and Adam's."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    training = Sequences.from_lengths(
        np.random.default_rng(1).integers(0, items, USERS * HISTORY), np.full(USERS, HISTORY)
    )
    made = None if name == WHOLE else NEXT_ITEM_LOSSES[name].of(ObjectiveContext(items, dimension, 20, training))
    table = nn.Parameter(torch.randn(items + 1, dimension) / dimension**0.5)
    optimizer = torch.optim.Adam([table], fused=True)
    states = torch.randn(2 * targets, dimension, requires_grad=True)
    batch, generator = batch_of(targets, items), torch.Generator().manual_seed(0)
    parts: dict[str, list[float]] = {"draw": [], "loss and gradients": [], "Adam": []}

    def timed(part: str, begin: float) -> float:
        now = time.process_time()
        parts[part].append((now - begin) * 1e3)
        return now

    def step() -> None:
        now = time.process_time()
        drawn = made.draw(batch, generator) if made else None
        now = timed("draw", now)
        places = batch.with_target
        if made:
            loss = made(states, table, batch.targets, places, drawn, items)
        else:
            loss = functional.cross_entropy(states[places] @ table[:items].T, batch.targets[places])
        loss.backward()
        now = timed("loss and gradients", now)
        optimizer.step()
        timed("Adam", now)
        optimizer.zero_grad(set_to_none=True)
        states.grad = None

    step()  # makes Adam's moments, which are not the loss's
    ctypes.CDLL("libc.so.6").malloc_trim(0)  # what that step has freed goes back to the system
    before = memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # forget the most that was taken
    step()
    peak = memory("VmHWM") - before
    keep_freed_memory()
    for _ in range(STEPS):
        step()
    return {part: median(values[-STEPS:]) for part, values in parts.items()} | {"peak, MiB": peak}


def memory(name: str) -> float:
    """The process's own memory in MiB, from /proc."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) / 1024


def work(name: str, items: int, targets: int, dimension: int, results) -> None:
    results.put(measured(name, items, targets, dimension))


def in_a_process(*arguments: object) -> dict[str, float]:
    context = get_context("spawn")
    results = context.SimpleQueue()
    process = context.Process(target=work, args=(*arguments, results))
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit(f"{arguments} ended with {process.exitcode}")
    found: dict[str, float] = results.get()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(formatter_class=argparse.RawDescriptionHelpFormatter, description=__doc__)
    parser.add_argument("--items", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--targets", type=int, default=350)
    parser.add_argument("--dimension", type=int, default=64)
    arguments = parser.parse_args()
    rows = []
    shown = Table(title=f"{arguments.targets} targets, d = {arguments.dimension}, one thread", title_justify="left")
    for column in ("items", "loss", "draw, ms", "loss + gradients, ms", "Adam, ms", "peak, MiB"):
        shown.add_column(column, justify="right", no_wrap=True)
    for items in arguments.items:
        for name in (WHOLE, *NEXT_ITEM_LOSSES):
            found = in_a_process(name, items, arguments.targets, arguments.dimension)
            rows.append({"items": items, "loss": name} | found)
            shown.add_row(f"{items:,}", name, *(f"{value:,.1f}" for value in found.values()))
    Console(width=100).print(shown)
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"command": sys.argv, "torch": torch.__version__, "rows": rows}) + "\n")


if __name__ == "__main__":
    main()
