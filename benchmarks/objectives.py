"""Seconds an epoch of learning with each contrastive objective, extrapolated from some of its steps, in one run.

    python benchmarks/objectives.py RUN_DIR [--steps 20] [--rounds 3] [--threads 1] [--only NAME ...]
        [--backbones NAME ...] [--anchors N ...]

RUN_DIR is a run whose stages up to `neighbors` are done (`sracl neighbors CONFIG.yaml`). Every objective is alone
beside the next item, with its usual weight and the run's other settings; `SRA-CL` is both of its losses, `none` the
plain backbone. --backbones measures each with every one of these backbones, of the run's dimension and otherwise with
their own defaults, rather than with the run's own; --anchors each with these numbers of anchors a row, `all` for every
prefix. All take turns, so that each meets the same neighbours on the machine: a round is so many steps of each.
What an objective prepares before an epoch, such as clusters, is measured apart and counted once an epoch. Processor
seconds are what the program itself used; seconds are what passed, which other programs lengthen. Prints a table and
appends a line of JSON to benchmarks/results/objectives.jsonl.
"""

import argparse
import json
import platform
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice, product
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from prepared import Prepared
from sracl.config import ObjectivesConfig, RunConfig, changed
from sracl.objectives import OBJECTIVES
from sracl.objectives.batch import Batch
from sracl.objectives.training_objective import TrainingObjective
from sracl.products import without_kernels_by_shape
from sracl.training.allocator import keep_freed_memory

RESULTS = Path(__file__).parent / "results" / "objectives.jsonl"
WARM_UP = 3
"""Steps of each round that do not count."""


@dataclass
class Measured:
    """An objective under way. times, before: seconds and processor seconds of counted steps, of epochs' beginnings."""

    objective: TrainingObjective
    optimizer: torch.optim.Optimizer
    times: list[tuple[float, float]] = field(default_factory=list)
    before: list[tuple[float, float]] = field(default_factory=list)

    def an_epoch(self, steps: float) -> tuple[float, float]:
        """Seconds and processor seconds of an epoch of so many steps."""
        step, begin = (np.median(np.array(found), axis=0) for found in (self.times, self.before))
        seconds, processor = step * steps + begin
        return float(seconds), float(processor)


def sections(config: RunConfig, name: str, anchors: str | None) -> RunConfig:
    """The configuration with this objective alone, at its usual weight, with so many anchors a row where said."""
    on = {"SRA-CL": ("cross_sequence", "intra_sequence"), "none": ()}.get(name, (name,))
    values = config.objectives.model_dump()
    if anchors is not None:
        values["anchors_per_row"] = None if anchors == "all" else int(anchors)
    for known, kind in OBJECTIVES.items():
        values[known]["weight"] = kind.usual_weight if known in on else 0.0
    return config.model_copy(update={"objectives": ObjectivesConfig.model_validate(values)})


def with_backbone(config: RunConfig, name: str) -> RunConfig:
    """The configuration with this backbone, which has its own defaults unless it is the configured one."""
    if name == config.backbone.name:
        return config
    return changed(config, {"backbone": {"name": name, "dimension": config.backbone.model_dump()["dimension"]}})


def now() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def since(begin: tuple[float, float]) -> tuple[float, float]:
    seconds, processor = now()
    return seconds - begin[0], processor - begin[1]


def learn(measured: Measured, batches: Iterator[Batch], seed: int) -> None:
    """The beginning of an epoch and some of its steps."""
    begin = now()
    measured.objective.begin_epoch(1, torch.Generator().manual_seed(seed))
    measured.before.append(since(begin))
    generator = torch.Generator().manual_seed(seed)
    measured.objective.train()
    for number, batch in enumerate(batches):
        begin = now()
        loss = measured.objective(batch, measured.objective.draw(batch, generator)).total
        measured.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        measured.optimizer.step()
        if number >= WARM_UP:
            measured.times.append(since(begin))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run_dir", type=Path)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", nargs="+", help="names of objectives, `SRA-CL` or `none`")
    parser.add_argument("--backbones", nargs="+", help="names of backbones; without it the run's own")
    parser.add_argument("--anchors", nargs="+", help="anchors of each row, or `all`; without it the run's own")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    run = Prepared.open(arguments.run_dir)
    config, rows = run.config, run.rows
    targets = config.training.targets_per_step
    steps = rows.target_count / targets
    keep_freed_memory()
    found: dict[str, Measured] = {}
    for backbone in arguments.backbones or [config.backbone.name]:
        around = with_backbone(config, backbone)
        for name, anchors in product(arguments.only or ["none", "SRA-CL", *OBJECTIVES], arguments.anchors or [None]):
            around_this = sections(around, name, anchors)
            objective = run.whole(around_this)
            optimizer = torch.optim.Adam(objective.parameters(), lr=config.training.learning_rate, fused=True)
            label = f"{backbone}: {name}" if arguments.backbones else name
            # Without a contrast there is nothing to draw anchors for: all numbers of them are the same.
            label = label if anchors is None or name == "none" else f"{label}, anchors {anchors}"
            found[label] = Measured(objective, optimizer)
    with without_kernels_by_shape():
        for turn in range(arguments.rounds):
            for measured in found.values():
                epoch = rows.epoch(targets, torch.Generator().manual_seed(turn))
                learn(measured, islice(epoch, arguments.steps + WARM_UP), turn)
    table = Table(title=f"{arguments.run_dir}: an epoch of {steps:.0f} steps, {arguments.threads} thread(s)")
    for column in ("objective", "seconds", "processor seconds", "of these before the epoch"):
        table.add_column(column, justify="right")
    record: dict[str, object] = {"command": sys.argv, "machine": platform.processor(), "threads": arguments.threads}
    for name, measured in found.items():
        seconds, processor = measured.an_epoch(steps)
        before = float(np.median([processor for _, processor in measured.before]))
        table.add_row(name, f"{seconds:.0f}", f"{processor:.0f}", f"{before:.1f}")
        record[name] = {"seconds": seconds, "processor_seconds": processor, "before_the_epoch": before}
    Console().print(table)
    RESULTS.parent.mkdir(exist_ok=True)
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(record) + "\n")


if __name__ == "__main__":
    main()
