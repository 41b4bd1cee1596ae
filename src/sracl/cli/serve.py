"""`sracl serve`: recommendations over HTTP, and a page to look at them."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from sracl.cli.application import app
from sracl.errors import InputError

KEEP_ALIVE_SECONDS = 75
"""An idle connection stays open for longer than proxies keep theirs (60 s), so that none is closed as it is used."""


@app.command()
def serve(
    folders: Annotated[
        list[Path], typer.Argument(metavar="RUN_DIR...", help="Runs or saved models; the first answers.")
    ],
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8000,
    token_env: Annotated[
        str | None, typer.Option(help="Environment variable with the bearer token that requests must carry.")
    ] = None,
    threads: Annotated[int, typer.Option(help="Processor threads for scoring.", min=1)] = 1,
    explain: Annotated[
        bool | None,
        typer.Option(
            "--explain/--no-explain",
            help="Show like-minded people's histories, without who they are; default: on this machine alone.",
        ),
    ] = None,
) -> None:
    """Answer requests for recommendations until interrupted; the page is at the address that is printed."""
    try:
        import uvicorn

        from sracl.serving import start
        from sracl.serving.app import make_app
    except ImportError as error:
        raise InputError(f"the service needs more packages ({error.name}): pip install 'sracl[serve]'") from error
    import torch

    from sracl.serving.models import Models

    token = start.token_from(token_env)
    start.check_address(host, port)
    torch.set_num_threads(threads)
    models = Models(start.named(folders))
    explains = host in start.LOOPBACK if explain is None else explain
    explainers = start.explainers_of(models) if explains else {}
    made = make_app(models, start.searches_of(models), explainers, token)
    console = Console()
    for model in models.all:
        counts = f"{model.dataset.user_count:,} users, {model.dataset.item_count:,} items"
        console.print(f"{model.label}: {counts}; scored by {model.choice.name} ({model.choice.why})", highlight=False)
    shown = f"[{host}]" if ":" in host else host
    console.print(f"http://{shown}:{port} is the page, http://{shown}:{port}/docs the interface", highlight=False)
    if host not in start.LOOPBACK and token is None:
        console.print("Anyone who reaches this address may ask: see --token-env", highlight=False)
    uvicorn.run(
        made, host=host, port=port, log_level="warning", access_log=False, timeout_keep_alive=KEEP_ALIVE_SECONDS
    )
