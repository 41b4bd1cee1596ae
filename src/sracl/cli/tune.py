"""`sracl tune`: the search for a method's settings."""

from pathlib import Path
from typing import Annotated

import typer

from sracl.cli.application import ConfigFile, Overrides, app
from sracl.cli.many_values import ManyValues
from sracl.config import read_config
from sracl.errors import SraclError


@app.command(cls=ManyValues)
def tune(
    config: ConfigFile,
    overrides: Overrides = None,
    methods: Annotated[
        list[str] | None, typer.Option(metavar="NAME ...", help="Such as plain sracl; default: tune.methods.")
    ] = None,
    trials: Annotated[int | None, typer.Option(min=1, help="Of each method; default: tune.trials.")] = None,
    minutes: Annotated[
        float | None, typer.Option(min=0.01, help="Of training of each method; default: tune.minutes.")
    ] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Trials at a time; default: one a GPU or core.")] = None,
    folder: Annotated[Path | None, typer.Option(help="Default: RUN_DIR/studies.")] = None,
) -> None:
    """Search settings by validation, the same budget for every method; test the best once; goes on if interrupted."""
    resolved = read_config(config, overrides or [])
    from sracl.pipeline.display import Display

    try:
        from sracl.tuning.conduct import Options
        from sracl.tuning.conduct import tune as tuned
        from sracl.tuning.search import Budget
    except ModuleNotFoundError as error:
        if error.name != "optuna":
            raise
        raise SraclError("the search for settings needs the package optuna: pip install 'sracl[study]'") from error
    # One limit on the command line takes the place of both in the configuration.
    budget = Budget(trials, minutes) if trials or minutes else None
    tuned(resolved, Options(methods or None, budget, jobs, folder), Display())
