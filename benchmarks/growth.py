"""Time and peak memory of every stage as the data grow, each stage in a process of its own, with the exponent.

    python benchmarks/growth.py FOLDER [--sizes 100000 1000000 10000000] [--stages prepare describe ...]

The data are made by `sracl.datasets.synthetic`: n interactions of n / 9 users with 6,000 (n / 100,000)^0.7 items, by
power laws. FOLDER takes them and what the stages leave (1.5 KB an interaction where prefixes are embedded).

Seconds are those that the process was given, so that other programs on the machine do not count. What is too much for
one core is sampled, and the figure says what share was done: beyond `FEW` interactions a sample of queries is searched
and of users evaluated; an epoch is always extrapolated from `STEPS` steps after `WARM_UP` others; beyond `MANY`
interactions prefixes are not stored and not searched. Items are embedded by an encoder of hashed words, which costs
nothing; what MiniLM would take is extrapolated from `ENCODED` texts. Neighbours that were not searched are drawn at
random, so that the whole objective can be trained: like those found, they share few rows.

Prints a table and appends a line of JSON for every stage and size to benchmarks/results/growth.jsonl.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from rich.console import Console
from rich.table import Table

from sracl.backbones.scorer import BackboneScorer
from sracl.config import RunConfig, changed, make_config
from sracl.datasets.build import build_dataset
from sracl.datasets.dataset import Dataset
from sracl.datasets.prefixes import PrefixPool
from sracl.datasets.splits import Split, Targets, make_split
from sracl.datasets.synthetic import PowerLaws
from sracl.datasets.tables import Columns
from sracl.evaluation.evaluate import evaluate
from sracl.memory_peak import MemoryPeak
from sracl.objectives.training_objective import TrainingObjective
from sracl.products import without_kernels_by_shape
from sracl.semantics import index
from sracl.semantics import stages as semantic_stages
from sracl.semantics.approximate import ApproximateSearch
from sracl.semantics.embeddings import embed_prefixes
from sracl.semantics.encoders import minilm_encoder
from sracl.semantics.index import SemanticIndex
from sracl.semantics.pool import exclusion
from sracl.semantics.prefix_neighbors import prefix_neighbors
from sracl.semantics.search import Found
from sracl.semantics.writers.template import TemplateWriter
from sracl.training.allocator import keep_freed_memory, large_blocks_given_back
from sracl.training.assembly import make_objective, make_plain_objective
from sracl.training.batches import TrainingRows

RESULTS = Path(__file__).parent / "results" / "growth.jsonl"
FEW, MANY = 200_000, 20_000_000
ENCODED, USERS, PREFIXES = 256, 2_000, 500_000
QUERIES, PLACES = 8_000, 4
"""Queries side by side, and at how many places of all."""
WARM_UP, STEPS = 5, 25
WIDTH, SLOTS = 384, 4_096
"""Of the hashed words' vectors, and how many words they tell apart."""


def laws_of(interactions: int) -> PowerLaws:
    """The data of a size."""
    items = round(6_000 * (interactions / 100_000) ** 0.7)
    return PowerLaws(users=interactions // 9, items=items, interactions=interactions)


class HashedWords:
    """A text's vector is the sum of random vectors of its words: alike texts are alike, and nothing is computed."""

    name, batch_size = "hashed words", 4_096

    def __init__(self) -> None:
        self.table = np.random.default_rng(0).standard_normal((SLOTS, WIDTH)).astype(np.float32)

    def encode(self, texts: list[str]) -> np.ndarray:
        """Vectors float32 `[len(texts), WIDTH]`."""
        words = pl.Series(texts).str.split(" ")
        slots = (words.explode().hash(0) % SLOTS).to_numpy()
        begins = np.concatenate([[0], np.cumsum(words.list.len().to_numpy().astype(np.int64))[:-1]])
        return np.add.reduceat(self.table[slots], begins, axis=0)


@dataclass
class Place:
    """A size's folder and what the stages find there."""

    folder: Path
    interactions: int

    @property
    def config(self) -> RunConfig:
        """The default configuration."""
        return make_config({"run_dir": str(self.folder), "dataset": {"interactions": "interactions.parquet"}})

    @property
    def dataset(self) -> Dataset:
        return Dataset.load(self.folder / "dataset")

    @property
    def semantics(self) -> Path:
        return self.folder / "semantics"

    def split(self, dataset: Dataset) -> Split:
        return make_split(dataset, self.config.dataset.split)


@dataclass(frozen=True)
class Measured:
    """seconds: of the whole stage, extrapolated where `share` of its work was done."""

    seconds: float
    share: float = 1.0
    note: str = ""


def seconds_of(work: Callable[[], Any]) -> float:
    """What the process was given while the work went on."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


def generate(place: Place) -> Measured:
    """The tables, to Parquet."""
    laws = laws_of(place.interactions)
    place.folder.mkdir(parents=True, exist_ok=True)

    def work() -> None:
        laws.item_table().write_parquet(place.folder / "items.parquet")
        laws.interaction_table().write_parquet(place.folder / "interactions.parquet")

    return Measured(seconds_of(work))


def prepare(place: Place) -> Measured:
    """Tables to a data set."""

    def work() -> None:
        tables = (place.folder / f"{name}.parquet" for name in ("interactions", "items"))
        build_dataset(*tables, Columns(), min_interactions=1)[0].save(place.folder / "dataset")

    return Measured(seconds_of(work))


def describe(place: Place) -> Measured:
    """The template's texts."""
    dataset = place.dataset
    pool = semantic_stages.pool_of(place.split(dataset), place.config)
    writer = TemplateWriter()
    return Measured(seconds_of(lambda: semantic_stages.describe(place.semantics, dataset, pool, writer, place.config)))


def encode(place: Place) -> Measured:
    """MiniLM on some of the items' texts."""
    texts = index.read_items(place.semantics, place.dataset)["text"]
    some = texts.sample(min(ENCODED, len(texts)), seed=0).to_list()
    encoder = minilm_encoder()
    encoder.encode(some[:8])
    share = len(some) / len(texts)
    return Measured(seconds_of(lambda: encoder.encode(some)) / share, share)


def embed(place: Place) -> Measured:
    """Everything of the stage `embed` but a transformer's arithmetic."""
    dataset = place.dataset
    pool = semantic_stages.pool_of(place.split(dataset), place.config)
    if place.interactions <= MANY:
        return Measured(
            seconds_of(lambda: semantic_stages.embed(place.semantics, dataset, pool, HashedWords(), lambda _: None))
        )
    users = int(np.searchsorted(pool.sequences.offsets, PREFIXES))
    some = PrefixPool(pool.sequences.chosen(np.arange(users)), pool.max_length)
    vectors = HashedWords().encode(index.read_items(place.semantics, dataset)["text"].to_list())
    result = np.lib.format.open_memmap(place.folder / "some.npy", "w+", np.float32, (len(some), WIDTH))
    share = len(some) / len(pool)
    return Measured(seconds_of(lambda: embed_prefixes(some, vectors, result)) / share, share, "means of prefixes alone")


def neighbors(place: Place) -> Measured:
    """The search of items and prefixes, or the index with a sample of queries."""
    dataset = place.dataset
    split = place.split(dataset)
    if place.interactions <= FEW:
        return Measured(
            seconds_of(
                lambda: semantic_stages.find_neighbors(place.semantics, dataset, split, place.config, lambda _: None)
            )
        )
    pool = semantic_stages.pool_of(split, place.config)
    embeddings = index.open_array(place.semantics / index.PREFIX_EMBEDDINGS, len(pool))
    k, memory = place.config.semantics.neighbors, place.config.semantics.memory_mb * 2**20
    with large_blocks_given_back():
        begin = time.process_time()
        search = ApproximateSearch(embeddings, k, exclusion(pool, "strict"), memory)
        built = time.process_time() - begin
        # Queries of neighbouring cells, as a whole search has them: drawn at random they would share nothing. Cells
        # differ in how many queries they have and how much these look for, so some of everywhere are taken.
        firsts = np.linspace(0, len(search.cells.numbers) - QUERIES, PLACES).astype(np.int64).tolist()
        blocks = [search.cells.numbers[first : first + QUERIES].numpy() for first in firsts]
        found = sum(seconds_of(lambda queries=queries: search.nearest(queries)) for queries in blocks)
    random = np.random.default_rng(0)
    for name, count in ((index.ITEM_NEIGHBORS, dataset.item_count), (index.PREFIX_NEIGHBORS, len(pool))):
        index.write_array(place.semantics / name, random.integers(count, size=(count, k), dtype=np.int32))
    note = f"prefixes, approximate; the index takes {built:,.1f} s of it"
    share = sum(map(len, blocks)) / len(pool)
    return Measured(built + found / share, share, note)


def neighbors_of_last(place: Place) -> Measured:
    """The search of each user's last prefix, `semantics.neighbors_of: last`, whole at every size."""
    pool = semantic_stages.pool_of(place.split(place.dataset), place.config)
    embeddings = index.open_array(place.semantics / index.PREFIX_EMBEDDINGS, len(pool))
    config = changed(place.config, {"semantics.neighbors_of": "last"})
    found: list[Found] = []
    with large_blocks_given_back():
        seconds = seconds_of(lambda: found.append(prefix_neighbors(embeddings, pool, config)))
    return Measured(seconds, note=f"prefixes, {found[0].method}, recall of approximate {found[0].tried}")


def train_plain(place: Place) -> Measured:
    """An epoch of the backbone alone."""
    dataset = place.dataset
    training = place.split(dataset).training
    return _epoch(
        place, make_plain_objective(place.config, dataset.item_count, training), TrainingRows.of(training, 20)
    )


def train_whole(place: Place) -> Measured:
    """An epoch of SRA-CL."""
    dataset = place.dataset
    split = place.split(dataset)
    pool = semantic_stages.pool_of(split, place.config)
    semantic = SemanticIndex.load(place.semantics, dataset, pool)
    objective = make_objective(place.config, dataset.item_count, split.training, semantic=semantic)
    return _epoch(place, objective, TrainingRows.of(split.training, 20))


def train_sampled(place: Place) -> Measured:
    """An epoch of the backbone alone with sampled softmax."""
    dataset = place.dataset
    training = place.split(dataset).training
    values = place.config.model_dump(mode="json")
    values["objectives"]["next_item"] = {"loss": "sampled-softmax"}
    config = make_config(values)
    return _epoch(place, make_plain_objective(config, dataset.item_count, training), TrainingRows.of(training, 20))


def _epoch(place: Place, objective: TrainingObjective, rows: TrainingRows) -> Measured:
    keep_freed_memory()
    settings = place.config.training
    optimizer = torch.optim.Adam(objective.parameters(), lr=settings.learning_rate, fused=True)
    generator = torch.Generator().manual_seed(0)
    objective.train()
    taken, targets = [], 0
    with without_kernels_by_shape():
        for step, batch in enumerate(rows.epoch(settings.targets_per_step, generator)):
            begin = time.process_time()
            loss = objective(batch, objective.draw(batch, generator)).total
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            if step >= WARM_UP:
                taken.append(time.process_time() - begin)
                targets += int((batch.targets >= 0).sum())
            if len(taken) == STEPS:
                break
    share = targets / rows.target_count
    return Measured(sum(taken) / share, share, f"{np.mean(taken) * 1e3:,.0f} ms a step")


def evaluation(place: Place) -> Measured:
    """Full ranking of the validation targets by an untrained backbone."""
    dataset = place.dataset
    split = place.split(dataset)
    backbone = make_plain_objective(place.config, dataset.item_count, split.training).backbone
    asked = split.validation
    few = USERS if place.interactions > FEW else len(asked)
    some = Targets(asked.users[:few], asked.lengths[:few], asked.places[:few])
    share = len(some) / len(asked)
    part = replace(split, validation=some)
    return Measured(seconds_of(lambda: evaluate(BackboneScorer(backbone), part, "validation")) / share, share)


STAGES: dict[str, Callable[[Place], Measured]] = {
    stage.__name__: stage
    for stage in (
        *(generate, prepare, describe, encode, embed, neighbors, neighbors_of_last),
        *(train_plain, train_sampled, train_whole, evaluation),
    )
}
NOT_BEYOND_MANY = ("neighbors", "neighbors_of_last", "train_whole")


def measure(stage: str, place: Place) -> None:
    """Run a stage here and print what it took as JSON."""
    torch.set_num_threads(1)
    with MemoryPeak() as peak:
        found = STAGES[stage](place)
    laws = laws_of(place.interactions)
    facts = {"stage": stage, "interactions": place.interactions, "users": laws.users, "items": laws.items}
    print(
        json.dumps(facts | {"seconds": found.seconds, "peak_mib": peak.mib, "share": found.share, "note": found.note})
    )


def measured_apart(stage: str, folder: Path, size: int) -> dict[str, Any]:
    """Run a stage in a process of its own."""
    command = [sys.executable, __file__, str(folder), "--sizes", str(size), "--only", stage]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return dict(json.loads(told.splitlines()[-1]))


def exponent(found: list[dict[str, Any]], of: str) -> str:
    """The slope of the logarithms, by least squares."""
    if len(found) < 2:
        return ""
    sizes, values = (np.log([row[key] for row in found]) for key in ("interactions", of))
    return f"{np.polyfit(sizes, values, 1)[0]:.2f}"


def main() -> None:
    """Measure every stage at every size."""
    parser = argparse.ArgumentParser(formatter_class=argparse.RawDescriptionHelpFormatter, description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100_000, 1_000_000, 10_000_000])
    parser.add_argument("--stages", nargs="+", choices=list(STAGES), default=list(STAGES))
    parser.add_argument("--only", choices=list(STAGES), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.only:
        (size,) = arguments.sizes
        measure(arguments.only, Place(arguments.folder / str(size), size))
        return
    found: dict[str, list[dict[str, Any]]] = {stage: [] for stage in arguments.stages}
    RESULTS.parent.mkdir(exist_ok=True)
    for size in arguments.sizes:
        for stage in arguments.stages:
            if size > MANY and stage in NOT_BEYOND_MANY:
                continue
            facts = measured_apart(stage, arguments.folder, size)
            found[stage].append(facts)
            Console().print(facts, soft_wrap=True)
            when = {"date": datetime.now(UTC).isoformat(timespec="seconds"), "load": os.getloadavg()[0]}
            with RESULTS.open("a", encoding="utf-8") as file:
                file.write(json.dumps(when | facts) + "\n")
    table = Table(title="seconds of one core, and MiB at most, by the number of interactions")
    for column in ("stage", *(f"{size:,}" for size in arguments.sizes), "exponents"):
        table.add_column(column, justify="right" if column != "stage" else "left")
    for stage, rows in found.items():
        by_size = {row["interactions"]: f"{row['seconds']:,.1f}  {row['peak_mib']:,}" for row in rows}
        cells = (by_size.get(size, "") for size in arguments.sizes)
        table.add_row(stage, *cells, f"{exponent(rows, 'seconds')}  {exponent(rows, 'peak_mib')}")
    Console().print(table)


if __name__ == "__main__":
    main()
