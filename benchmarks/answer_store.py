"""Milliseconds a record of the store of answers, full as after a night of describing.

    python benchmarks/answer_store.py [--records 150000] [--folder FOLDER]

Fills a new store in FOLDER (default: the system's temporary one; removed afterwards) with answers to prompts of 2,000
characters, then puts single ones, reads some back and looks up all keys, as a run that resumes does. Prints a table and
appends a line of JSON to benchmarks/results/answer_store.jsonl.
"""

import argparse
import json
import os
import platform
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

import sracl
from sracl.semantics.language_models.request import Answer, Message, Request
from sracl.semantics.language_models.store import AnswerStore

RESULTS = Path(__file__).parent / "results" / "answer_store.jsonl"
BATCH = 64
SINGLES = 2_000
READ = 20_000
SHARED = "Describe what follows in one paragraph. " * 20
WORDS = ["mild", "rosewater", "shampoo", "bar", "with", "argan", "oil", "for", "dry", "and", "coloured", "hair"]


def requests(begin: int, end: int) -> Iterator[Request]:
    """Requests number `begin` to `end`; 800 characters are shared, 1,200 their own."""
    for number in range(begin, end):
        draw = random.Random(number)
        own = f"{number} " + " ".join(draw.choices(WORDS, k=300))
        yield Request("big", (Message("system", SHARED), Message("user", own[:1_200])), {"temperature": 0})


def answer(request: Request) -> Answer:
    """100 words, as a profile has."""
    return Answer(" ".join(random.Random(request.key).choices(WORDS, k=100)), "stop", 500, 130)


def filled(store: AnswerStore, records: int) -> tuple[list[str], float]:
    """Put so many records in batches; returns their keys and the seconds spent in the store."""
    keys, seconds = [], 0.0
    for begin in range(0, records, BATCH):
        # The key was computed before asking, so it is not the store's cost.
        pairs = [(request, answer(request)) for request in requests(begin, min(records, begin + BATCH))]
        keys += [request.key for request, _ in pairs]
        start = time.perf_counter()
        store.put_many(pairs)
        seconds += time.perf_counter() - start
    return keys, seconds


def measured(path: Path, records: int) -> dict[str, float]:
    """Milliseconds a record of every operation, seconds to resume, and the file's size."""
    with AnswerStore(path) as store:
        keys, seconds = filled(store, records)
        figures = {f"put_many, {BATCH} at a time, ms a record": seconds * 1e3 / records}
        singles = [(request, answer(request)) for request in requests(records, records + SINGLES)]
        start = time.perf_counter()
        for pair in singles:
            store.put(*pair)
        figures["put, ms a record"] = (time.perf_counter() - start) * 1e3 / SINGLES
    # Opened anew, as by the process that resumes.
    start = time.perf_counter()
    with AnswerStore(path) as store:
        found = store.answered(keys)
        resume = time.perf_counter() - start
        figures["answered, ms a record"] = resume * 1e3 / records
        wanted = random.Random(0).sample(keys, min(READ, records))
        start = time.perf_counter()
        answers = store.get_many(wanted)
        figures["get_many, ms a record"] = (time.perf_counter() - start) * 1e3 / len(wanted)
    if len(found) != records or len(answers) != len(wanted):
        sys.exit("the store lost answers")
    return figures | {"resume (answered, all keys), s": resume, "file, MiB": path.stat().st_size / 2**20}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=150_000)
    parser.add_argument("--folder", type=Path, default=None)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        figures = measured(Path(folder) / "answers.sqlite", arguments.records)
    table = Table(title=f"the store of answers, {arguments.records:,} records")
    table.add_column("operation, unit")
    table.add_column("measured", justify="right")
    for name, value in figures.items():
        table.add_row(name, f"{value:.4f}")
    Console().print(table)
    RESULTS.parent.mkdir(exist_ok=True)
    facts = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": f"{platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "sracl": sracl.__version__,
        "records": arguments.records,
        **figures,
    }
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(facts) + "\n")


if __name__ == "__main__":
    main()
