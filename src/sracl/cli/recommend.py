"""`sracl recommend`: for everybody, or for a list of users."""

from pathlib import Path
from typing import Annotated

import polars as pl
import typer
from rich.console import Console

from sracl.cli.application import ConfigFile, Overrides, Overwrite, app
from sracl.cli.opening import run_up_to
from sracl.config import read_config
from sracl.errors import InputError


@app.command()
def recommend(
    config: ConfigFile,
    overrides: Overrides = None,
    overwrite: Overwrite = False,
    users: Annotated[Path | None, typer.Option(help="A text file of user ids, one a line; default: all users.")] = None,
    output: Annotated[Path | None, typer.Option(help="Parquet file to write, with --users.")] = None,
) -> None:
    """Up to and with recommendations: for every user, or for a list to a file of its own."""
    if (users is None) != (output is None):
        raise InputError("give --users and --output together")
    if users is None or output is None:
        run_up_to("recommend", config, overrides, overwrite)
        return
    wanted = _user_ids(users)
    resolved = read_config(config, overrides or [])
    run = run_up_to("remember", config, overrides, overwrite)
    from sracl.pipeline.recommending import write_recommendations

    model = run.load_model()
    k, exclude_seen = resolved.recommendations.k, resolved.evaluation.exclude_seen
    rows = write_recommendations(model, output, wanted, k, exclude_seen)
    Console().print(f"{output}: {rows:,} rows for {len(wanted):,} users", highlight=False)


def _user_ids(path: Path) -> pl.Series:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the user ids in {path} cannot be read: {error}") from error
    ids = [line for line in lines if line]
    if not ids:
        raise InputError(f"{path} holds no user ids; write one a line")
    return pl.Series("user_id", ids)
