"""The program and the arguments that many commands take. Each command is a file beside this one."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="sracl",
    help="Train sequential recommenders with SRA-CL, from interactions and item text to recommendations.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
datasets_app = typer.Typer(help="Public data sets by name.", no_args_is_help=True)
app.add_typer(datasets_app, name="datasets")
answers_app = typer.Typer(help="A language model's answers, paid once: take them along, or order them in batches.")
app.add_typer(answers_app, name="answers", no_args_is_help=True)

ConfigFile = Annotated[Path, typer.Argument(metavar="CONFIG.yaml", help="The run's configuration.")]
Overrides = Annotated[
    list[str] | None, typer.Option("-o", metavar="section.key=value", help="Replace a configuration value; repeatable.")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Make stages anew that other settings made.")]


@app.callback()
def common(
    debug: Annotated[bool, typer.Option("--debug", help="Show a traceback where something fails.")] = False,
) -> None:
    """Options of every command. `main` takes --debug out itself, wherever it stands."""
