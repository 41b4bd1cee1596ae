"""Exact against approximate search for neighbours, in one run, on the prefixes of a run.

    python benchmarks/neighbours.py RUN_DIR [--threads 1] [--k 10] [--recall 0.99]

RUN_DIR is a run that `sracl embed` has been through. With ONEDNN_MAX_CPU_ISA=AVX2 before it the processor is taken for
an older one, without fast and right products of bytes. Prints a table and appends a line of JSON to
benchmarks/results/neighbours.jsonl: seconds by the clock and, since other programs may share the cores, those that the
process was given. Recall is that of all queries, not of a sample. Exit code 1 where a bound is broken: recall@k of at
least the wanted one, 0.99 unless said, in at most a fifth of the exact search's time.
"""

import argparse
import json
import os
import platform
import resource
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from prepared import Prepared
from sracl.semantics import codes
from sracl.semantics.pool import exclusion
from sracl.semantics.search import WANTED_RECALL, neighbours, recall_of

RESULTS = Path(__file__).parent / "results" / "neighbours.jsonl"
MOST_TIME = 0.2


def main() -> None:
    parser = argparse.ArgumentParser(formatter_class=argparse.RawDescriptionHelpFormatter, description=__doc__)
    parser.add_argument("run_dir", type=Path)
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--k", type=int, default=10)
    parser.add_argument("--recall", type=float, default=WANTED_RECALL)
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    run = Prepared.open(arguments.run_dir)
    embeddings = run.prefix_embeddings()
    memory, excluded = run.config.semantics.memory_mb * 2**20, exclusion(run.pool, run.config.protocol)
    seconds, used, found, peaks = {}, {}, {}, {}
    for method in ("approximate", "exact"):
        begin, begin_used = time.perf_counter(), time.process_time()
        found[method] = neighbours(embeddings, arguments.k, excluded, memory, method=method, wanted=arguments.recall)
        seconds[method], used[method] = time.perf_counter() - begin, time.process_time() - begin_used
        peaks[method] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    everything = np.arange(len(embeddings))
    recall, _ = recall_of(embeddings, everything, found["approximate"].neighbours, found["exact"].neighbours)
    figures = {
        "prefixes": len(embeddings),
        "dimension": embeddings.shape[1],
        "k": arguments.k,
        "threads": torch.get_num_threads(),
        "exact, s": seconds["exact"],
        "approximate, s": seconds["approximate"],
        "of the exact search's time": seconds["approximate"] / seconds["exact"],
        "the same by the process's own time": used["approximate"] / used["exact"],
        "exact, s of the process": used["exact"],
        "approximate, s of the process": used["approximate"],
        "wanted recall": arguments.recall,
        "recall of all queries": recall,
        "recall as measured by a sample": found["approximate"].recall,
        "products of codes": "integers" if codes.integers_are_faster(embeddings.shape[1]) else "float32",
        "peak memory of the approximate, MiB": peaks["approximate"],
        "peak memory with the exact, MiB": peaks["exact"],
    }
    table = Table(title=f"neighbours among the prefixes of {arguments.run_dir}", show_header=False)
    for name, value in figures.items():
        table.add_row(name, f"{value:.4f}" if isinstance(value, float) else f"{value}")
    Console().print(table)
    facts = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": f"{platform.machine()}, {os.cpu_count()} cores",
        "load": os.getloadavg()[0],
        "torch": torch.__version__,
        **figures,
    }
    RESULTS.parent.mkdir(exist_ok=True)
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(facts) + "\n")
    if recall < arguments.recall or figures["of the exact search's time"] > MOST_TIME:
        sys.exit(f"bounds: recall >= {arguments.recall}, time <= {MOST_TIME} of the exact search's")


if __name__ == "__main__":
    main()
