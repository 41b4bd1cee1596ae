"""Finished small runs to plant leaks in, and what an audit says of them."""

import hashlib
import io
import shutil
from pathlib import Path

import yaml
from rich.console import Console

from sracl.auditing import Audit, Finding, audit
from sracl.config import RunConfig, read_config
from sracl.pipeline.display import Display
from sracl.pipeline.run import Run
from support.chat_server import Reply
from support.small_run import write_config, write_data

SPREAD = 30


def finished_run(folder: Path, **sections: object) -> Path:
    """The folder of a run up to its metrics, on data with times."""
    write_data(folder, spread=SPREAD)
    path = write_config(folder, **sections)
    run_of(read_config(path)).up_to("evaluate")
    return folder / "run"


def run_of(config: RunConfig) -> Run:
    """A silent run of a configuration."""
    return Run(config, Display(Console(file=io.StringIO(), width=200)))


def copied(run_dir: Path, to: Path) -> Path:
    """A copy of a finished run, to plant something in."""
    shutil.copytree(run_dir, to / "run")
    return to / "run"


def stated(run_dir: Path, **changes: object) -> None:
    """Have the run's configuration say something else."""
    path = run_dir / "config.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | changes))


def found(run_dir: Path, way: str) -> Finding:
    """What the audit says of one way."""
    (finding,) = [finding for finding in audit(run_dir).findings if finding.way == way]
    return finding


def verdicts(result: Audit) -> dict[str, str]:
    """The verdict on every way."""
    return {finding.way: str(finding.verdict) for finding in result.findings}


def tells_its_prompt(body: dict, number: int) -> Reply:
    """Answers with words that only the same prompt gives."""
    words = hashlib.sha256(body["messages"][-1]["content"].encode()).hexdigest()
    if "response_format" in body:
        return Reply(f'{{"item summary": "About {words}.", "potential user analysis": "People."}}')
    return Reply(f"This person likes {words}.")
