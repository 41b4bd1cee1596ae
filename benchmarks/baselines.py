"""Baselines without training on the data of a run: what they hit, how long they take and how much memory.

    python benchmarks/baselines.py RUN_DIR [--baselines NAME ...] [--grid]

RUN_DIR is a run that `sracl embed` has been through. Each baseline runs in a process of its own, so that its peak
memory is its own. `--grid` tries the values in GRID of each baseline and takes those of the highest validation NDCG@10,
seen items kept; the test is looked at once, for these. Prints a table and appends a line of JSON a baseline to
benchmarks/results/baselines.jsonl, or to the file of `--results`.
"""

import argparse
import itertools
import json
import os
import platform
import resource
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from sracl.config import read_config
from sracl.evaluation.baselines import BASELINES, BaselineData
from sracl.evaluation.baselines.settings import label_of, settings_of
from sracl.evaluation.evaluate import evaluate
from sracl.pipeline.display import Display
from sracl.pipeline.run import Run
from sracl.semantics.index import load_item_embeddings

RESULTS = Path(__file__).parent / "results" / "baselines.jsonl"
GRID: dict[str, dict[str, list[Any]]] = {
    "item-knn": {"neighbors": [20, 100, 500], "shrinkage": [0.0, 10.0], "recency": [1.0, 0.8, 0.5]},
    "markov": {"smoothing": [0.1, 1.0, 10.0]},
    "ease": {"regularization": [10.0, 100.0, 500.0]},
    "transition-graph": {"last": [(7, 2, 1), (5, 1)], "second_last": [(), (3, 1)], "edge_weight": [0.0, 0.5]},
}
SHOWN = ("HR@10", "NDCG@10")


def measured(run_dir: Path, name: str, settings: dict[str, Any], parts: tuple[str, ...]) -> dict[str, Any]:
    """Metrics, seconds and peak memory of one baseline in this process."""
    torch.set_num_threads(1)
    config = read_config(run_dir / "config.yaml", [f"run_dir={run_dir}"])
    run = Run(config, Display(Console(quiet=True)))
    data = BaselineData(
        run.split.training, run.dataset.item_count, np.asarray(load_item_embeddings(run_dir / "semantics", run.dataset))
    )
    begin = time.perf_counter()
    baseline = BASELINES[name](data, **settings)
    made = time.perf_counter()
    found: dict[str, Any] = {}
    for part in parts:
        result = evaluate(baseline, run.split, part, (5, 10, 20))
        found |= {part: result.kept, f"{part}_unseen": result.unseen}
    seconds = {"making": made - begin, "evaluating": time.perf_counter() - made}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"baseline": label_of(name, settings), "settings": settings, **found, "seconds": seconds, "peak_mib": peak}


def alone(*arguments: Any) -> dict[str, Any]:
    """`measured` in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measured, *arguments).result()


def candidates(name: str, grid: bool) -> Iterator[dict[str, Any]]:
    """Settings to try: the defaults, or every combination in GRID."""
    usual = settings_of(BASELINES[name])().model_dump()
    values = GRID.get(name, {}) if grid else {}
    for combination in itertools.product(*values.values()):
        yield usual | dict(zip(values, combination, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(formatter_class=argparse.RawDescriptionHelpFormatter, description=__doc__)
    parser.add_argument("run_dir", type=Path)
    parser.add_argument("--baselines", nargs="+", choices=BASELINES, default=list(BASELINES))
    parser.add_argument("--grid", action="store_true")
    parser.add_argument("--results", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    table = Table(title=f"baselines on {arguments.run_dir}: {', '.join(SHOWN)}, making, evaluating, peak memory")
    for column in ("", "validation, kept", "test, kept", "test, removed", "making, s", "evaluating, s", "peak, MiB"):
        table.add_column(column, justify="right" if column else "left")
    for name in arguments.baselines:
        tried = list(candidates(name, arguments.grid))
        if len(tried) > 1:
            found = [alone(arguments.run_dir, name, settings, ("validation",)) for settings in tried]
            for one in found:
                print(f"{one['validation']['NDCG@10']:.4f} {one['baseline']}", file=sys.stderr, flush=True)
            tried = [max(found, key=lambda one: one["validation"]["NDCG@10"])["settings"]]
        result = alone(arguments.run_dir, name, tried[0], ("validation", "test"))
        shown = [" / ".join(f"{result[part][m]:.4f}" for m in SHOWN) for part in ("validation", "test", "test_unseen")]
        costs = [f"{result['seconds'][what]:.1f}" for what in ("making", "evaluating")]
        table.add_row(result["baseline"], *shown, *costs, f"{result['peak_mib']:,.0f}")
        facts = {
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "processor": f"{platform.machine()}, {os.cpu_count()} cores",
            "load": os.getloadavg()[0],
            "data": arguments.run_dir.name,
            "chosen_of": GRID.get(name) if arguments.grid else None,
        }
        arguments.results.parent.mkdir(exist_ok=True)
        with arguments.results.open("a", encoding="utf-8") as file:
            file.write(json.dumps(facts | result) + "\n")
    Console(width=160).print(table)


if __name__ == "__main__":
    main()
