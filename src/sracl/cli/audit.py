"""`sracl audit`: whether held-out interactions could have reached training, and what the known leaks are worth."""

from pathlib import Path
from typing import Annotated

import typer

from sracl.cli.application import app
from sracl.cli.many_values import ManyValues


@app.command(cls=ManyValues)
def audit(
    run_dir: Annotated[Path, typer.Argument(metavar="RUN_DIR", help="The folder of a run.")],
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE.json", help="Write the findings, with all counts.")
    ] = None,
    measured: Annotated[
        bool, typer.Option("--measure", help="Train and test under both protocols: what the leaks are worth.")
    ] = False,
    seeds: Annotated[
        list[int] | None, typer.Option(metavar="0 1 2", help="With --measure; default: the run's own.")
    ] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="With --measure: runs at a time.")] = None,
) -> None:
    """Look in a run's artefacts for ways by which validation or test could have reached training; 1 if undeclared."""
    from sracl.auditing import audit as audited
    from sracl.files import write_json
    from sracl.pipeline.display import Display

    display = Display()
    found = audited(run_dir)
    title = f"audit of {run_dir}: protocol {found.protocol}, split {found.split}"
    display.findings(title, [(finding.way, str(finding.verdict), finding.told) for finding in found.findings])
    record = found.as_dict()
    if measured:
        from sracl.auditing.measuring import measure

        worth = measure(run_dir, sorted(set(seeds or [])) or None, jobs, display)
        display.say(worth.told())
        record["measured"] = worth.as_dict()
    if json_file is not None:
        write_json(json_file, record)
    if found.leaks:
        raise typer.Exit(1)
