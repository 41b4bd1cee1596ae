"""`sracl answers`: a language model's answers, taken along or ordered in batches."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from sracl.cli.application import ConfigFile, Overrides, answers_app
from sracl.cli.opening import prepared
from sracl.config import read_config


@answers_app.command("export")
def answers_export(
    config: ConfigFile,
    file: Annotated[Path, typer.Argument(metavar="FILE.parquet", help="To write.")],
    overrides: Overrides = None,
) -> None:
    """Write all answers of the configuration's store to Parquet."""
    writer = read_config(config, overrides or []).semantics.writer
    from sracl.pipeline.travelling import export_to

    Console().print(export_to(writer, file), markup=False, highlight=False, soft_wrap=True)


@answers_app.command("import")
def answers_import(
    config: ConfigFile,
    file: Annotated[Path, typer.Argument(metavar="FILE.parquet", help="As `sracl answers export` wrote it.")],
    overrides: Overrides = None,
) -> None:
    """Add exported answers to the configuration's store; every one is checked first."""
    writer = read_config(config, overrides or []).semantics.writer
    from sracl.pipeline.travelling import import_from

    Console().print(import_from(writer, file), markup=False, highlight=False, soft_wrap=True)


@answers_app.command("write-batches")
def answers_write_batches(
    config: ConfigFile,
    folder: Annotated[Path, typer.Argument(help="New folder for the request files.")],
    overrides: Overrides = None,
) -> None:
    """Write what is not answered yet as files for a provider's batch interface, often half the price."""
    from sracl.pipeline.travelling import write_requests

    write_requests(prepared(config, overrides), folder)


@answers_app.command("read-batches")
def answers_read_batches(
    config: ConfigFile,
    files: Annotated[list[Path], typer.Argument(metavar="FILE.jsonl ...", help="What the provider's batches left.")],
    overrides: Overrides = None,
) -> None:
    """Store the answers of a provider's batch files; `sracl describe` goes on from there."""
    from sracl.pipeline.travelling import read_answers

    read_answers(prepared(config, overrides), files)
