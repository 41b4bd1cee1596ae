"""The most memory that every stage of a run takes, of a whole run in one process.

    python benchmarks/memory.py CONFIG.yaml RUN_DIR [-o section.key=value ...]

Runs `sracl run CONFIG.yaml -o run_dir=RUN_DIR -o training.threads=1 -o training.epochs=2` in a process of its own, from
nothing: RUN_DIR must not exist. Prints what each stage recorded and appends a line of JSON to
benchmarks/results/memory.jsonl. Exit code 1 where a stage took more than `--most` MiB (1.2 GB unless given).
"""

import argparse
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent / "results" / "memory.jsonl"
MOST_MIB = 1144
"""1.2 GB."""


def main() -> None:
    """Run, and show what the stages recorded."""
    parser = argparse.ArgumentParser(formatter_class=argparse.RawDescriptionHelpFormatter, description=__doc__)
    parser.add_argument("config", type=Path)
    parser.add_argument("run_dir", type=Path)
    parser.add_argument("-o", dest="options", action="append", default=[], metavar="section.key=value")
    parser.add_argument("--most", type=int, default=MOST_MIB)
    arguments = parser.parse_args()
    if arguments.run_dir.exists():
        parser.error(f"{arguments.run_dir} exists: what is done there would not be measured")
    options = [f"run_dir={arguments.run_dir}", "training.threads=1", "training.epochs=2", *arguments.options]
    command = [sys.executable, "-m", "sracl", "run", str(arguments.config)]
    subprocess.run([*command, *(part for option in options for part in ("-o", option))], check=True)
    stages = json.loads((arguments.run_dir / "stages.json").read_text(encoding="utf-8"))
    table = Table(title=f"{arguments.config}: a whole run in one process")
    for column in ("stage", "seconds", "peak, MiB"):
        table.add_column(column, justify="left" if column == "stage" else "right")
    for name, stamp in stages.items():
        table.add_row(name, f"{stamp['seconds']:,.1f}", f"{stamp['peak_mib']:,}")
    Console().print(table)
    facts = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "config": str(arguments.config),
        "options": options[1:],
        "load": os.getloadavg()[0],
        "torch": torch.__version__,
        "seconds": {name: round(stamp["seconds"], 1) for name, stamp in stages.items()},
        "peak_mib": {name: stamp["peak_mib"] for name, stamp in stages.items()},
    }
    RESULTS.parent.mkdir(exist_ok=True)
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(facts) + "\n")
    above = [name for name, stamp in stages.items() if stamp["peak_mib"] > arguments.most]
    if above:
        sys.exit(f"more than {arguments.most:,} MiB: {', '.join(above)}")


if __name__ == "__main__":
    main()
