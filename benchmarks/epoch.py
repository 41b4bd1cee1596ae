"""Seconds an epoch of the whole objective, of the plain backbone, and of the plain oracle, in one run.

    python benchmarks/epoch.py RUN_DIR [--threads N] [--oracle-steps 30] [--epochs 1]

RUN_DIR is a run whose stages up to `neighbors` are done (`sracl neighbors CONFIG.yaml`). The oracle's epoch is
extrapolated from its steps of 256 prefixes: 14 padded sequences a prefix, as the authors' program encodes. Prints a
table and appends a line of JSON to benchmarks/results/epoch.jsonl.
"""

import argparse
import json
import platform
import sys
import time
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from prepared import Prepared
from reference.oracle import Oracle, Prefix
from sracl.config import RunConfig
from sracl.objectives.training_objective import TrainingObjective
from sracl.products import without_kernels_by_shape
from sracl.semantics.index import SemanticIndex
from sracl.training.allocator import keep_freed_memory
from sracl.training.batches import TrainingRows

RESULTS = Path(__file__).parent / "results" / "epoch.jsonl"
PREFIXES_A_STEP = 256


def fast_epoch(objective: TrainingObjective, rows: TrainingRows, config: RunConfig) -> float:
    """Seconds of one epoch of learning, without validation, with the loop's memory settings."""
    keep_freed_memory()
    optimizer = torch.optim.Adam(objective.parameters(), lr=config.training.learning_rate, fused=True)
    generator = torch.Generator().manual_seed(0)
    objective.train()
    begin = time.perf_counter()
    with without_kernels_by_shape():
        for batch in rows.epoch(config.training.targets_per_step, generator):
            loss = objective(batch, objective.draw(batch, generator)).total
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
    return time.perf_counter() - begin


def oracle_step_seconds(objective: TrainingObjective, index: SemanticIndex, config: RunConfig, steps: int) -> float:
    """Mean seconds of a plain step: forward, backward, update."""
    weights = {name: p.detach().clone().requires_grad_() for name, p in objective.named_parameters()}
    oracle = Oracle(
        weights,
        heads=config.backbone.heads,
        max_length=config.dataset.max_length,
        positions=config.backbone.positions,
        dropout=config.backbone.dropout,
    )
    optimizer = torch.optim.Adam(weights.values(), lr=config.training.learning_rate, fused=True)
    random = np.random.default_rng(0)
    items = objective.backbone.item_count
    begin = time.perf_counter()
    for step in range(steps + 2):
        if step == 2:
            begin = time.perf_counter()
        prefixes = [drawn_prefix(index, random, config) for _ in range(PREFIXES_A_STEP)]
        loss = oracle.next_item(prefixes, items)
        loss = loss + config.objectives.cross_sequence.weight * oracle.cross_sequence(prefixes)
        loss = loss + config.objectives.intra_sequence.weight * oracle.intra_sequence(prefixes)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    return (time.perf_counter() - begin) / steps


def drawn_prefix(index: SemanticIndex, random: np.random.Generator, config: RunConfig) -> Prefix:
    """A random training prefix with its neighbours and two substituted views."""
    pool = index.pool
    while True:
        number = int(random.integers(len(pool)))
        user = int(pool.users_of(np.array([number]))[0])
        if number + 1 < pool.sequences.offsets[user + 1]:
            break
    items = pool.items(np.array([number])).values.tolist()
    neighbours = [n for n in index.prefix_neighbors[number].tolist() if n >= 0]
    views = []
    for _ in range(2):
        swapped = list(items)
        for place, item in enumerate(items):
            substitutes = index.item_neighbors[item]
            if random.random() < config.objectives.intra_sequence.substitution and (substitutes >= 0).any():
                swapped[place] = int(random.choice(substitutes[substitutes >= 0]))
        views.append(swapped)
    return Prefix(
        user=user,
        items=items,
        target=int(pool.sequences.values[number + 1]),
        row_length=len(items),
        embedding=torch.from_numpy(np.array(index.prefix_embeddings[number])),
        neighbours=[pool.items(np.array([n])).values.tolist() for n in neighbours],
        neighbour_embeddings=torch.from_numpy(np.array(index.prefix_embeddings[neighbours])),
        kept=(random.random(len(neighbours)) >= 0.5).tolist(),
        views=(views[0], views[1]),
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("run_dir", type=Path)
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--oracle-steps", type=int, default=30)
    parser.add_argument("--epochs", type=int, default=1, help="epochs of the fast path; the median counts")
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    run = Prepared.open(arguments.run_dir)
    config, rows, whole, plain = run.config, run.rows, run.whole(), run.plain()
    # The oracle first: it and the fast path see the same machine within minutes.
    a_step = oracle_step_seconds(whole, run.semantic, config, arguments.oracle_steps)
    oracle = a_step * rows.target_count / PREFIXES_A_STEP
    seconds = {"oracle, whole objective": oracle}
    for name, objective in (("sracl, whole objective", whole), ("sracl, plain backbone", plain)):
        seconds[name] = float(np.median([fast_epoch(objective, rows, config) for _ in range(arguments.epochs)]))
    table = Table(title=f"{arguments.run_dir}: seconds an epoch, {torch.get_num_threads()} thread(s)")
    for column in ("program", "seconds an epoch", "of the oracle's"):
        table.add_column(column, justify="right")
    for name, value in seconds.items():
        table.add_row(name, f"{value:.1f}", f"1/{oracle / value:.1f}")
    Console().print(table)
    RESULTS.parent.mkdir(exist_ok=True)
    facts = {"command": sys.argv, "threads": torch.get_num_threads(), "machine": platform.processor(), **seconds}
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(facts) + "\n")


if __name__ == "__main__":
    main()
