"""From a configuration file to a run, made up to a stage."""

from pathlib import Path
from typing import TYPE_CHECKING

from sracl.config import read_config

if TYPE_CHECKING:
    from sracl.pipeline.run import Run


def run_up_to(stage: str, config: Path, overrides: list[str] | None, overwrite: bool) -> "Run":
    """Make every stage up to and with `stage`, and say what there is to say at its end."""
    run = opened(config, overrides, overwrite)
    from sracl.pipeline.tracking import tracked

    with tracked(run):
        made = run.up_to(stage)
    if not made:
        run.display.say(f"{run.folder}: nothing to do, everything up to `{stage}` is done")
    elif stage in ("recommend", "report"):
        from sracl.pipeline.recommending import show_examples

        show_examples(run)
        last = ", report.html" if stage == "report" else ""
        run.display.say(f"everything is in {run.folder}: model/, metrics.json, recommendations.parquet{last}")
    return run


def opened(config: Path, overrides: list[str] | None, overwrite: bool = False) -> "Run":
    """The run of a configuration, nothing made. Raises InputError for a configuration that cannot be used."""
    resolved = read_config(config, overrides or [])
    # The parts below take seconds to import: a misspelt key is told before.
    from sracl.pipeline.display import Display
    from sracl.pipeline.run import Run

    return Run(resolved, Display(), overwrite)


def prepared(config: Path, overrides: list[str] | None, overwrite: bool = False) -> "Run":
    """The run of a configuration, its data prepared."""
    run = opened(config, overrides, overwrite)
    run.up_to("prepare")
    return run
