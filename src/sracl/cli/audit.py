"""`sracl audit`: whether held-out interactions could have reached training."""

from pathlib import Path
from typing import Annotated

import typer

from sracl.cli.application import app


@app.command()
def audit(
    run_dir: Annotated[Path, typer.Argument(metavar="RUN_DIR", help="The folder of a run.")],
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE.json", help="Write the findings, with all counts.")
    ] = None,
) -> None:
    """Look in a run's artefacts for ways by which validation or test could have reached training; 1 if undeclared."""
    from sracl.auditing import audit as audited
    from sracl.files import write_json
    from sracl.pipeline.display import Display

    found = audited(run_dir)
    title = f"audit of {run_dir}: protocol {found.protocol}, split {found.split}"
    Display().findings(title, [(finding.way, str(finding.verdict), finding.told) for finding in found.findings])
    if json_file is not None:
        write_json(json_file, found.as_dict())
    if found.leaks:
        raise typer.Exit(1)
