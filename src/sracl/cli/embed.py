"""`sracl embed`: vectors of texts, and before them their cost."""

from typing import Annotated

import typer

from sracl.cli.application import ConfigFile, Overrides, Overwrite, app
from sracl.cli.opening import prepared, run_up_to


@app.command()
def embed(
    config: ConfigFile,
    overrides: Overrides = None,
    overwrite: Overwrite = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Count texts, tokens, price and time, and embed nothing.")
    ] = False,
) -> None:
    """Up to and with the texts' embeddings; with a server's, see their cost first."""
    if not dry_run:
        run_up_to("embed", config, overrides, overwrite)
        return
    run = prepared(config, overrides, overwrite)
    from sracl.pipeline.embedding import show_plan

    show_plan(run)
