"""`sracl update`: a trained run learns of what came later."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from sracl.cli.application import Overrides, app


@app.command()
def update(
    run_dir: Annotated[Path, typer.Argument(metavar="RUN_DIR", help="A trained run's folder.")],
    interactions: Annotated[
        Path, typer.Option(help="A table with the columns of the run's own; rows known already are passed over.")
    ],
    items: Annotated[
        Path | None, typer.Option(help="A table of items; those that have a text are passed over.")
    ] = None,
    to: Annotated[Path | None, typer.Option(help="Folder for the updated run; default: RUN_DIR itself.")] = None,
    overrides: Overrides = None,
) -> None:
    """Add new interactions, users and items to a trained run: only new texts are embedded, and training goes on."""
    from sracl.pipeline.update import update as make_update

    updated = make_update(run_dir, interactions, items, to, overrides or [])
    if updated is not None:
        Console().print(f"{updated.folder} knows of them: its model and what had been made of it", highlight=False)
