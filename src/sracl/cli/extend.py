"""`sracl extend`: a trained model with items that came later."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from sracl.cli.application import app
from sracl.cli.opening import opened


@app.command()
def extend(
    run_dir: Annotated[Path, typer.Argument(metavar="RUN_DIR", help="A run's folder, with its texts and its model.")],
    items: Annotated[Path, typer.Argument(metavar="ITEMS", help="A table of items; known ones are passed over.")],
    output: Annotated[Path, typer.Argument(metavar="OUTPUT", help="Folder for the model that knows them too.")],
) -> None:
    """Add items to a trained model by their texts, without any training; the run stays as it is."""
    run = opened(run_dir / "config.yaml", [f"run_dir={run_dir}"])
    from sracl.pipeline.new_items import extend as write_extended

    added = write_extended(run, items, output)
    known = run.dataset.item_count
    Console().print(f"{output}: {added.height:,} items beside the {known:,} that were trained", highlight=False)
