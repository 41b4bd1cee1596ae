"""A study's results: what its finished runs measured, put together and shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from sracl.files import written_aside
from sracl.pipeline.display import Display
from sracl.studies.definition import Study
from sracl.studies.records import Record, Records
from sracl.studies.worker import Task

SHOWN = ("HR@10", "NDCG@10", "HR@20", "NDCG@20")
WAYS = {"kept": "seen items kept", "removed": "seen items removed"}


@dataclass(frozen=True)
class Results:
    """What a study found. runs: a row a variant and seed that is done, with its metrics.

    Its columns: `variant, seed, key, seconds, epochs, best_epoch`, then `PART/WAY/METRIC`, such as `test/kept/NDCG@10`.
    """

    study: Study
    runs: pl.DataFrame


def read_results(study: Study, records: Records, tasks: Sequence[Task]) -> Results:
    """Gather the records of those of a study's runs that are done."""
    found = [(task, record) for task in tasks if (record := records.find(task.key)) is not None]
    rows = [{"variant": task.variant} | _row(record) for task, record in found]
    return Results(study, pl.DataFrame(rows, infer_schema_length=None))


def _row(record: Record) -> dict[str, Any]:
    facts = {name: getattr(record, name) for name in ("seed", "key", "seconds", "epochs", "best_epoch")}
    for part in ("validation", "test"):
        facts |= {f"{part}/kept/{name}": value for name, value in getattr(record, part).items()}
        facts |= {f"{part}/removed/{name}": value for name, value in getattr(record, f"{part}_unseen").items()}
    return facts


def show_results(results: Results, folder: Path, display: Display) -> None:
    """Write `runs.parquet`, and print means and standard deviations over seeds."""
    if results.runs.is_empty():
        display.say("no run of this study is done yet")
        return
    with written_aside(folder / "runs.parquet") as aside:
        results.runs.write_parquet(aside)
    for way, told in WAYS.items():
        names = [name for name in SHOWN if f"test/{way}/{name}" in results.runs.columns]
        table = Table(
            title=f"{results.study.name}, test, {told}", title_justify="left", box=SIMPLE_HEAD, padding=(0, 1)
        )
        table.add_column("variant", no_wrap=True)
        table.add_column("seeds", justify="right")
        for name in names:
            table.add_column(name, justify="right", no_wrap=True)
        for variant in results.study.variants:
            runs = results.runs.filter(pl.col("variant") == variant.label)
            if not runs.is_empty():
                cells = [mean_and_deviation(runs[f"test/{way}/{name}"]) for name in names]
                table.add_row(escape(variant.label), str(runs.height), *cells)
        display.console.print(table)


def mean_and_deviation(values: pl.Series) -> str:
    """`.0469±.0003` over seeds, the sample's standard deviation; without it for one seed."""
    mean, deviation = values.mean(), values.std()
    assert isinstance(mean, float)
    told = f"{mean:.4f}".removeprefix("0")
    return told if not isinstance(deviation, float) else f"{told}±{deviation:.4f}".replace("±0", "±")
