"""`sracl datasets`: public data by name."""

from typing import Annotated

import typer
from rich.console import Console

from sracl.cli.application import datasets_app


@datasets_app.command("list")
def datasets_list() -> None:
    """The data sets known by name, their sizes and where they come from."""
    from rich.box import SIMPLE
    from rich.table import Table

    from sracl.datasets.named import known_datasets

    table = Table(box=SIMPLE, padding=0, pad_edge=False)
    table.add_column("name", no_wrap=True)
    for column in ("users", "items", "interactions", "from"):
        table.add_column(column, justify="right", no_wrap=True)
    origins: dict[tuple[str, str], int] = {}
    for known in known_datasets():
        sizes = ("" if size is None else f"{size:,}" for size in (known.users, known.items, known.interactions))
        origin = origins.setdefault((known.source, known.licence), len(origins) + 1)
        table.add_row(known.name, *sizes, f"({origin})")
    console = Console()
    console.print(table)
    for (source, licence), origin in origins.items():
        console.print(f"({origin}) {source}: {licence}", markup=False, highlight=False, soft_wrap=True)


@datasets_app.command("fetch")
def datasets_fetch(name: Annotated[str, typer.Argument(help="A name from `sracl datasets list`.")]) -> None:
    """Download a data set, check it and keep it in the cache folder (SRACL_CACHE moves it)."""
    from sracl.datasets.named import fetch

    folder = fetch(name)
    Console().print(f"{name} is in {folder}", highlight=False, soft_wrap=True)
