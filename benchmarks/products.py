"""Training steps, the search and the ranking by the products of each library and precision, interleaved in one process.

    python benchmarks/products.py RUN_DIR [--steps 60] [--rounds 3]

RUN_DIR is a run that is prepared; with embeddings the exact search is measured too, on `QUERIES` queries. `mkl` is
PyTorch's usual float32, `onednn` what `sracl.products` takes where it is faster and as exact, `bfloat16` is
`objectives.next_item.products: bfloat16`. Milliseconds that the process was given, the median step of the best round,
one thread. Prints a table and appends a line of JSON to benchmarks/results/products.jsonl.
"""

import argparse
import json
import time
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from prepared import Prepared
from sracl import products
from sracl.backbones.scorer import BackboneScorer
from sracl.config import make_config
from sracl.evaluation.evaluate import evaluate
from sracl.products import without_kernels_by_shape
from sracl.semantics import index
from sracl.semantics.pool import exclusion
from sracl.semantics.retrieval import nearest
from sracl.training.allocator import keep_freed_memory

RESULTS = Path(__file__).parent / "results" / "products.jsonl"
KINDS = ("mkl", "onednn", "bfloat16")
WARM_UP, QUERIES = 10, 512


def milliseconds(work: Callable[[], object]) -> float:
    """What the process was given while the work went on."""
    begin = time.process_time()
    work()
    return (time.process_time() - begin) * 1e3


def step_milliseconds(run: Prepared, kind: str, steps: int) -> tuple[float, float]:
    """The median step of plain training, and the mean loss of these steps."""
    values = run.config.model_dump(mode="json")
    values["objectives"]["next_item"] = {"products": "bfloat16" if kind == "bfloat16" else "float32"}
    objective = run.plain(make_config(values))
    optimizer = torch.optim.Adam(objective.parameters(), lr=run.config.training.learning_rate, fused=True)
    generator = torch.Generator().manual_seed(0)
    torch.manual_seed(0)
    taken, losses = [], []
    with without_kernels_by_shape():
        for _, batch in zip(
            range(WARM_UP + steps), run.rows.epoch(run.config.training.targets_per_step, generator), strict=False
        ):
            begin = time.process_time()
            loss = objective(batch, objective.draw(batch, generator)).total
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            taken.append((time.process_time() - begin) * 1e3)
            losses.append(float(loss.detach()))
    return float(np.median(taken[WARM_UP:])), float(np.mean(losses))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(formatter_class=argparse.RawDescriptionHelpFormatter, description=__doc__)
    parser.add_argument("run_dir", type=Path)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    keep_freed_memory()
    run = Prepared.open(arguments.run_dir)
    scorer = BackboneScorer(run.plain().backbone)
    embedded = (run.folder / "semantics" / index.PREFIX_EMBEDDINGS).exists()
    embeddings = run.prefix_embeddings() if embedded else None
    found: dict[str, dict[str, float]] = {kind: {} for kind in KINDS}
    for _ in range(arguments.rounds):
        for kind in KINDS:
            usual = patch.object(products, "onednn_is_faster", lambda: False) if kind == "mkl" else nullcontext()
            with usual:
                step, loss = step_milliseconds(run, kind, arguments.steps)
                took = {"a step of plain training": step}
                if kind != "bfloat16":
                    took["validation"] = milliseconds(lambda: evaluate(scorer, run.split, "validation", cutoffs=(10,)))
                if kind != "bfloat16" and embeddings is not None:
                    queries = np.arange(QUERIES)
                    excluded = exclusion(run.pool, run.config.protocol)
                    took[f"exact search, {QUERIES} queries"] = milliseconds(
                        lambda excluded=excluded, queries=queries: nearest(embeddings, 10, excluded, queries=queries)
                    )
            for name, value in took.items():
                found[kind][name] = min(value, found[kind].get(name, np.inf))
            found[kind]["mean loss"] = loss
    table = Table(title=f"{arguments.run_dir}: milliseconds, one thread")
    for column in ("", *KINDS):
        table.add_column(column, justify="right" if column else "left")
    for name in found["mkl"]:
        table.add_row(name, *(f"{found[kind][name]:.6g}" if name in found[kind] else "" for kind in KINDS))
    Console().print(table)
    tried = {"onednn_is_faster": products.onednn_is_faster(), "bfloat16_is_faster": products.bfloat16_is_faster()}
    facts = {"date": datetime.now(UTC).isoformat(timespec="seconds"), "run": str(arguments.run_dir), **tried, **found}
    RESULTS.parent.mkdir(exist_ok=True)
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(facts) + "\n")


if __name__ == "__main__":
    main()
