"""`sracl neighbors`: what retrieval finds, and a look at it."""

from typing import Annotated

import typer

from sracl.cli.application import ConfigFile, Overrides, Overwrite, app
from sracl.cli.opening import run_up_to


@app.command()
def neighbors(
    config: ConfigFile,
    overrides: Overrides = None,
    overwrite: Overwrite = False,
    show: Annotated[
        list[str] | None,
        typer.Option(metavar="ITEM_OR_USER", help="Print an item or user and its neighbours, texts side by side."),
    ] = None,
) -> None:
    """Up to and with the neighbours of items and prefixes; look at some to judge them."""
    run = run_up_to("neighbors", config, overrides, overwrite)
    if show:
        from sracl.pipeline.looking import show_neighbors

        show_neighbors(run, show)
