"""`sracl report`: a run as a page for people."""

from pathlib import Path
from typing import Annotated

import typer

from sracl.cli.application import Overrides, Overwrite, app
from sracl.cli.opening import run_up_to


@app.command()
def report(
    run: Annotated[
        Path, typer.Argument(metavar="RUN_DIR or CONFIG.yaml", help="The folder of a trained run, or a configuration.")
    ],
    overrides: Overrides = None,
    overwrite: Overwrite = False,
) -> None:
    """Write `report.html` into the run's folder: of a RUN_DIR as it is, of a CONFIG.yaml after every stage it needs."""
    if not run.is_dir():
        run_up_to("report", run, overrides, overwrite)
        return
    from sracl.pipeline.display import Display
    from sracl.reporting.opening import opened_folder
    from sracl.reporting.page import write_report

    display = Display()
    path = write_report(opened_folder(run, overrides or [], display))
    display.say(f"{path}: open it in any browser, it needs no network")
