"""Recommendations for many users into a Parquet file: time, and the memory of the process while it goes on.

    python benchmarks/recommending.py [--users 1000000] [--items 2000] [--threads 1]

An untrained SASRec over drawn histories: neither the time nor the memory depends on what was learnt. Prints a line a
tenth of the users and appends a line of JSON to benchmarks/results/recommending.jsonl.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch

from sracl.config import BackboneConfig
from sracl.datasets.dataset import Dataset
from sracl.datasets.sequences import Sequences
from sracl.pipeline.recommending import write_recommendations
from sracl.recommender import Recommender
from sracl.training.assembly import make_backbone

RESULTS = Path(__file__).parent / "results" / "recommending.jsonl"


class Watched:
    """A recommender that says after each tenth of the users how much memory the process has."""

    def __init__(self, model: Recommender, users: int) -> None:
        self.model, self.users = model, users
        self.memory: list[float] = []

    def recommend(self, users: list[Any], k: int) -> pl.DataFrame:
        """As the recommender."""
        return self.model.recommend(users, k)

    def recommend_in_blocks(self, users: pl.Series | None, k: int, exclude_seen: bool) -> Iterator[pl.DataFrame]:
        """As the recommender."""
        done, begin = 0, time.perf_counter()
        for block in self.model.recommend_in_blocks(users, k, exclude_seen):
            yield block
            done += block.height
            if done * 10 >= (len(self.memory) + 1) * self.users * k:
                self.memory.append(resident())
                print(
                    f"{done // k:,} users, {time.perf_counter() - begin:.0f} s, {self.memory[-1]:.0f} MiB", flush=True
                )


def resident() -> float:
    """Memory of this process in MiB that belongs to it alone, as Linux tells it."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.split("RssAnon:")[1].split()[0]) / 1024


def drawn(users: int, items: int, folder: Path) -> Recommender:
    """A model with so many users on disk, opened as a trained one is."""
    draw = np.random.default_rng(0)
    lengths = draw.integers(2, 9, users)
    data = Dataset(
        users=pl.DataFrame({"user_id": np.arange(users)}),
        catalogue=pl.DataFrame({"item_id": np.arange(items)}),
        histories=Sequences.from_lengths(draw.integers(0, items, lengths.sum()), lengths),
    )
    settings = BackboneConfig.model_validate({"name": "sasrec", "dimension": 16, "layers": 1, "heads": 1})
    Recommender(make_backbone(settings, items, 20), settings, data).save(folder)
    return Recommender.load(folder)


def main() -> None:
    """Parse the command line, measure, record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=1_000_000)
    parser.add_argument("--items", type=int, default=2_000)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--results", type=Path, default=RESULTS)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as place:
        watched = Watched(drawn(given.users, given.items, Path(place) / "model"), given.users)
        begin = time.perf_counter()
        rows = write_recommendations(watched, Path(place) / "all.parquet", None, 10, False)  # type: ignore[arg-type]
        seconds, size = time.perf_counter() - begin, (Path(place) / "all.parquet").stat().st_size
    found = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "users": given.users,
        "items": given.items,
        "rows": rows,
        "seconds": round(seconds, 1),
        "megabytes_written": round(size / 1e6, 1),
        "memory_mib_by_tenth": [round(value) for value in watched.memory],
    }
    print(found)
    given.results.parent.mkdir(parents=True, exist_ok=True)
    with given.results.open("a", encoding="utf-8") as file:
        file.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
