"""`sracl describe`: texts, and before them their cost and prompts."""

from typing import Annotated

import typer

from sracl.cli.application import ConfigFile, Overrides, Overwrite, app
from sracl.cli.opening import prepared, run_up_to


@app.command()
def describe(
    config: ConfigFile,
    overrides: Overrides = None,
    overwrite: Overwrite = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Count requests, tokens, price and time, and ask nothing.")
    ] = False,
    preview: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Show the messages about an item or a user; repeatable.")
    ] = None,
    failures: Annotated[bool, typer.Option("--failures", help="List what got no usable answer, and why.")] = False,
    retry: Annotated[bool, typer.Option("--retry", help="Ask once more for what got no usable answer.")] = False,
) -> None:
    """Up to and with the texts of items and prefixes; with a language model, see its cost and prompts first."""
    if not (dry_run or preview or failures or retry):
        run_up_to("describe", config, overrides, overwrite)
        return
    run = prepared(config, overrides, overwrite)
    from sracl.pipeline import describing

    if preview:
        describing.show_prompts(run, preview)
    if dry_run:
        describing.show_plan(run)
    if failures:
        describing.show_failures(run)
    if retry:
        describing.retry(run)
