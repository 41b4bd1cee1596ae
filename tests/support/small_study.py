"""A small configuration to compare variants of, and studies of it made for real."""

import io
from pathlib import Path

import numpy as np
import polars as pl
import torch
from rich.console import Console

from sracl.config import RunConfig, read_config
from sracl.evaluation.metrics import metrics_at
from sracl.pipeline.display import Display
from sracl.studies.definition import Study
from sracl.studies.place import Place
from sracl.studies.records import Record, Records
from sracl.studies.worker import Task
from support.small_run import write_config, write_data


def small_config(folder: Path, **sections: object) -> RunConfig:
    """The configuration of the small run in `folder`, its data written."""
    write_data(folder)
    return read_config(write_config(folder, **sections))


def silent() -> Display:
    """A display that keeps what is said."""
    return Display(Console(file=io.StringIO(), width=200))


def said(display: Display) -> str:
    """What it was told."""
    return display.console.file.getvalue()


def made_record(key: str, seed: int, ranks: pl.DataFrame) -> Record:
    """A record of these ranks, as a run leaves it."""
    kept, unseen = (
        metrics_at(torch.from_numpy(ranks[way].to_numpy().astype(np.int64)), (5, 10, 20)) for way in ("kept", "unseen")
    )
    return Record(key, seed, {"seed": seed}, kept, unseen, kept, unseen, 1800.5, 48, 38, {"device": "cpu 32-true"})


def made_ranks(users: list[int], seed: int, share: float = 0.3) -> pl.DataFrame:
    """Ranks of one target of each user given, of which `share` are among the first few."""
    random = np.random.default_rng(seed)
    kept = np.where(random.random(len(users)) < share, random.integers(1, 15, len(users)), 500)
    unseen = np.maximum(kept - random.integers(0, 3, len(users)), 1)
    return pl.DataFrame({"user": users, "kept": kept, "unseen": unseen}).cast(pl.UInt32)


def made_study(
    folder: Path, study: Study, users: list[int], seeds: int = 3, share: dict[str, float] | None = None
) -> tuple[Records, list[Task]]:
    """Records of every variant of a study with seeds 0, 1 ..., as if its runs had been made in `folder`."""
    place, share = Place(folder), share or {}
    config = RunConfig.model_validate({"dataset": {"name": "ml-100k"}})
    tasks = []
    for number, variant in enumerate(study.variants):
        for seed in range(seeds):
            key = f"{number:08x}{seed:08x}"
            ranks = made_ranks(users, 100 * number + seed, share.get(variant.label, 0.3))
            place.records.put(made_record(key, seed, ranks), ranks)
            configured = variant.configured(config, seed)
            tasks.append(Task(key, variant.label, configured, {}, None, place, folder / "shared"))
    return place.records, tasks
