"""Seconds an epoch and NDCG@10 of SASRec in RecBole, RecTools, RePlay and sracl, on the same data in one run.

    python benchmarks/peers/compare.py RUN_DIR [--epochs 1] [--threads 2] [--only NAME ...] [--results FOLDER]

RUN_DIR is a run whose stages up to `neighbors` are done. Each program learns the same training interactions with the
same sizes, batch (in targets), optimiser and loss, and is validated and stopped by the same rules (protocol.py); with
`--epochs 100` all are trained until validation stops them. Peers are installed into environments of their own under
ENVIRONMENTS when they are missing. They run with the allocator's setting that keeps freed pages, which they gain from.

A record a program goes to FOLDER as training goes on, and a program whose record is complete is not run again; the
table is printed, and drawn into FOLDER/peers.svg.
"""

import argparse
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
from rich.console import Console
from rich.table import Table

from sracl.datasets.dataset import Dataset

HERE = Path(__file__).parent
ENVIRONMENTS = Path("runs/peers")
KEEP_PAGES = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "17179869184"}


@dataclass(frozen=True)
class Program:
    """A program in the comparison: its script, what its environment needs, further arguments."""

    script: str
    requirements: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()


PROGRAMS = {
    "sracl": Program("sracl_sasrec.py"),
    "sracl-whole": Program("sracl_sasrec.py", arguments=("--whole",)),
    "replay": Program("replay_sasrec.py", ("replay-rec[torch]==0.22.0",)),
    "rectools": Program("rectools_sasrec.py", ("rectools[torch]==0.19.0",)),
    "recbole": Program("recbole_sasrec.py", ("recbole==1.2.1", "numpy<2", "pandas<3", "setuptools<81")),
}


def python_of(name: str, program: Program) -> Path:
    """The interpreter that runs a program; installs its environment where it is missing."""
    if not program.requirements:
        return Path(sys.executable)
    python = (ENVIRONMENTS / name / "bin" / "python").absolute()
    done = ENVIRONMENTS / name / "installed"
    if not done.exists():
        print(f"installing {name}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", ENVIRONMENTS / name], check=True)
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "torch>=2.6,<2.14"]
        subprocess.run([*install, *program.requirements], check=True)
        done.touch()
    return python


def write_data(run_dir: Path, folder: Path) -> None:
    """The histories in a form that every environment reads."""
    histories = Dataset.load(run_dir / "dataset").histories
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "values.npy", histories.values)
    np.save(folder / "offsets.npy", histories.offsets)
    facts = {"item_count": Dataset.load(run_dir / "dataset").item_count}
    (folder / "facts.json").write_text(json.dumps(facts))


def run(name: str, data: Path, arguments: argparse.Namespace) -> dict[str, object]:
    """The record of one program, from its file where it is complete."""
    program, out = PROGRAMS[name], (arguments.results / f"{name}.json").absolute()
    wanted = {"epochs": arguments.epochs, "patience": arguments.patience, "run_dir": str(arguments.run_dir)}
    if out.exists() and (known := json.loads(out.read_text())).get("asked") == wanted:
        return dict(known)
    command = [python_of(name, program), HERE / program.script, data, out, "--threads", str(arguments.threads)]
    command += ["--epochs", str(arguments.epochs), "--patience", str(arguments.patience)]
    command += ["--seed", str(arguments.seed), "--run-dir", arguments.run_dir, *program.arguments]
    threads = str(arguments.threads)
    environment = os.environ | {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads, "PYTHONWARNINGS": "ignore"}
    if program.requirements:
        # What this program's own packages are must not reach the others.
        environment = {key: value for key, value in environment.items() if key != "PYTHONPATH"} | KEEP_PAGES
    subprocess.run(command, check=True, env=environment)
    record = json.loads(out.read_text()) | {"asked": wanted}
    out.write_text(json.dumps(record, indent=1))
    return dict(record)


def show(records: dict[str, dict[str, object]]) -> None:
    """Print the table."""
    table = Table(title="SASRec, the same data, sizes, batch, loss and stopping rule")
    for column in ("program", "seconds an epoch", "times sracl's", "best epoch", "test HR@10", "test NDCG@10"):
        table.add_column(column, justify="right")
    own = float(np.median(records["sracl"]["seconds"])) if "sracl" in records else float("nan")
    for record in records.values():
        seconds = float(np.median(record["seconds"]))
        test = record["test"]
        table.add_row(
            str(record["program"]),
            f"{seconds:.1f}",
            f"{seconds / own:.1f}",
            f"{record['best epoch']} of {len(record['seconds'])}",
            f"{test['HR@10']:.4f}",
            f"{test['NDCG@10']:.4f}",
        )
    Console().print(table)


def draw(records: dict[str, dict[str, object]], path: Path) -> None:
    """A bar a program: seconds an epoch."""
    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "sracl"
    import matplotlib.pyplot as plt

    names = [str(record["program"]) for record in records.values()]
    seconds = [float(np.median(record["seconds"])) for record in records.values()]
    figure, axes = plt.subplots(figsize=(7, 0.5 * len(names) + 1), layout="constrained")
    colours = ["#0072B2" if name.startswith("sracl") else "#999999" for name in names]
    bars = axes.barh(names, seconds, color=colours)
    axes.bar_label(bars, fmt="%.1f s", padding=3)
    axes.invert_yaxis()
    axes.set_xlabel("seconds an epoch of learning (less is better)")
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(x=0.12)
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    """Run all programs, print the table, draw the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run_dir", type=Path)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--patience", type=int, default=10)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", choices=PROGRAMS, default=list(PROGRAMS))
    parser.add_argument("--results", type=Path, default=Path("runs/peers/results"))
    arguments = parser.parse_args()
    arguments.results.mkdir(parents=True, exist_ok=True)
    data = arguments.results / "data"
    write_data(arguments.run_dir, data)
    records = {name: run(name, data, arguments) for name in arguments.only}
    show(records)
    draw(records, arguments.results / "peers.svg")


if __name__ == "__main__":
    main()
