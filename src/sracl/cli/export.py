"""`sracl export`: the trained recommender in a form that other programs read."""

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from sracl.cli.application import app
from sracl.errors import InputError

RunDir = Annotated[Path, typer.Argument(metavar="RUN_DIR", help="A run's folder, or a saved model.")]


@app.command()
def export(
    run_dir: RunDir,
    output: Annotated[Path, typer.Argument(metavar="OUTPUT", help="The folder to write; it must not be there yet.")],
    kind: Annotated[
        Literal["onnx", "hub"],
        typer.Option("--format", help="A graph for ONNX Runtime, or a folder with a model card."),
    ] = "onnx",
    with_users: Annotated[bool, typer.Option("--with-users", help="hub: take users' ids and histories along.")] = False,
) -> None:
    """Write the model as ONNX, checked against PyTorch, or as a folder with a model card."""
    from sracl.exporting.hub_folder import export_hub_folder
    from sracl.exporting.onnx import export_onnx
    from sracl.recommender import Recommender

    if output.exists():
        raise InputError(f"{output} is there already; give another folder, or remove it")
    if with_users and kind != "hub":
        raise InputError("--with-users goes with --format hub: a graph holds no users")
    recommender = Recommender.load(run_dir)
    if kind == "onnx":
        difference = export_onnx(recommender, output)
        told = f"scores differ from PyTorch's by at most {difference:.1e} of the largest"
        if recommender.memory is not None:
            told += "; the graph is the model without its transition memory, which `sracl serve` adds to its scores"
    else:
        export_hub_folder(recommender, output, run_dir, with_users)
        told = "with users' histories" if with_users else "without any user's history"
    Console().print(f"{output}: {told}", highlight=False, soft_wrap=True)
