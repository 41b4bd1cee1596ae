"""An updated run beside a full retraining: metrics, time, and how many texts were embedded.

    python benchmarks/updating.py hold-back CONFIG.yaml FOLDER     writes what the next two commands read
    sracl evaluate FOLDER/before.yaml
    sracl update FOLDER/before --interactions FOLDER/new_interactions.csv --items FOLDER/new_items.csv --to FOLDER/after
    sracl evaluate CONFIG.yaml                                     the full retraining
    python benchmarks/updating.py compare FOLDER/before FOLDER/after FULL_RUN...    runs, or records of a study

`hold-back` takes the data of a configuration apart as if it were some time ago: a share of the users and of the items
has not come yet, and nobody has had their last interaction. Of a history that holds an item that has not come yet,
nothing from that item on is there. So the updated data are the full data again, and both models answer the same test.
"""

import argparse
import json
import statistics
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import yaml
from rich.console import Console
from rich.table import Table

from sracl.config import read_config
from sracl.pipeline.display import Display
from sracl.pipeline.run import Run
from sracl.training.checkpoint import load_progress
from sracl.training.loop import LAST

METRICS = ("HR@10", "NDCG@10", "MRR@10", "HR@20", "NDCG@20")


def hold_back(config: Path, folder: Path, new_users: float, new_items: float, seed: int) -> None:
    """Write the two halves of the data, and the configuration of the run before the update."""
    run = Run(read_config(config, [f"run_dir={folder / 'all'}"]), Display(Console(quiet=True)))
    run.up_to("prepare")
    data, draw = run.dataset, np.random.default_rng(seed)
    offsets, values = data.histories.offsets, data.histories.values
    users = np.repeat(np.arange(data.user_count), data.histories.lengths)
    unborn = np.isin(values, draw.permutation(data.item_count)[: round(new_items * data.item_count)])
    later = np.isin(users, draw.permutation(data.user_count)[: round(new_users * data.user_count)])
    later[offsets[1:] - 1] = True
    # From a user's first unborn item on.
    seen = np.cumsum(unborn)
    later |= (seen - np.concatenate([[0], seen])[offsets[users]]) > 0
    rows = pl.DataFrame(
        {
            "user_id": data.users["user_id"].gather(pl.Series(users, dtype=pl.UInt32)),
            "item_id": data.catalogue["item_id"].gather(pl.Series(values, dtype=pl.UInt32)),
            "position": np.arange(len(values)) - offsets[users],
        }
    )
    before, new = rows.filter(pl.Series(~later)), rows.filter(pl.Series(later))
    known = data.catalogue["item_id"].is_in(before["item_id"].implode())
    for name, part in (("interactions", before), ("new_interactions", new)):
        part.write_csv(folder / f"{name}.csv")
    data.catalogue.filter(known).write_csv(folder / "items.csv")
    data.catalogue.filter(~known).write_csv(folder / "new_items.csv")
    values_of = run.config.model_dump(mode="json", exclude_unset=True)
    columns = {"user": "user_id", "item": "item_id", "time": "position", "text": list(data.text_columns)}
    values_of |= {
        "run_dir": str(folder / "before"),
        "dataset": (values_of["dataset"] | {"name": None, "columns": columns, "min_interactions": 1})
        | {"interactions": str(folder / "interactions.csv"), "items": str(folder / "items.csv")},
    }
    (folder / "before.yaml").write_text(yaml.safe_dump(values_of))
    facts = {
        "interactions": before.height,
        "new interactions": new.height,
        "users": before["user_id"].n_unique(),
        "new users": data.user_count - before["user_id"].n_unique(),
        "items": int(known.sum()),
        "new items": int((~known).sum()),
    }
    Console().print(facts)


def compare(before: Path, after: Path, full: list[Path]) -> None:
    """Print test metrics and training times of the updated run, of the run before, and of full retrainings."""
    table = Table(title="test, seen items kept")
    for column in ("run", *METRICS, "epochs (best)", "training, s"):
        table.add_column(column, justify="right")
    rows = {"before the update": _facts(before), "updated": _facts(after)}
    rows |= {f"full retraining, {folder.name}": _facts(folder) for folder in full}
    for name, facts in rows.items():
        shown = [f"{facts['test'][metric]:.4f}" for metric in METRICS]
        table.add_row(name, *shown, f"{facts['epochs']} ({facts['best_epoch']})", f"{facts['train']:.0f}")
    Console().print(table)
    if len(full) > 1:
        for metric in METRICS:
            values = [rows[f"full retraining, {folder.name}"]["test"][metric] for folder in full]
            mean, deviation = statistics.mean(values), statistics.stdev(values)
            distance = rows["updated"]["test"][metric] - mean
            Console().print(f"{metric}: full {mean:.4f} +- {deviation:.4f} over seeds, updated {distance:+.4f} off")


def _facts(folder: Path) -> dict[str, Any]:
    """Of a run's folder, or of a study's record of a run (`studies/runs/KEY.json`)."""
    if folder.is_file():
        record: dict[str, Any] = json.loads(folder.read_text())
        return record | {"train": record["seconds"]}
    metrics = json.loads((folder / "metrics.json").read_text())
    progress = load_progress(folder / "checkpoints" / "model" / LAST)
    return metrics | {"train": progress.seconds}


def main() -> None:
    """Parse the command line and do what it says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    apart = commands.add_parser("hold-back")
    apart.add_argument("config", type=Path)
    apart.add_argument("folder", type=Path)
    apart.add_argument("--new-users", type=float, default=0.02, help="share of the users who have not come yet")
    apart.add_argument("--new-items", type=float, default=0.01, help="share of the items that have not come yet")
    apart.add_argument("--seed", type=int, default=0)
    beside = commands.add_parser("compare")
    beside.add_argument("before", type=Path)
    beside.add_argument("after", type=Path)
    beside.add_argument("full", type=Path, nargs="*")
    given = parser.parse_args()
    if given.command == "hold-back":
        hold_back(given.config, given.folder, given.new_users, given.new_items, given.seed)
    else:
        compare(given.before, given.after, given.full)


if __name__ == "__main__":
    main()
