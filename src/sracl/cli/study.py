"""`sracl study`: many runs compared."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from sracl.cli.application import ConfigFile, Overrides, app
from sracl.cli.many_values import ManyValues
from sracl.config import read_config


class StudyName(StrEnum):
    """The studies; `sracl.studies.STUDIES` says what each compares."""

    ABLATION = "ablation"
    SENSITIVITY = "sensitivity"
    SPARSITY = "sparsity"
    BACKBONES = "backbones"
    PROTOCOLS = "protocols"
    RIVALS = "rivals"


@app.command(cls=ManyValues)
def study(
    name: Annotated[StudyName, typer.Argument(help="What is compared.")],
    config: ConfigFile,
    overrides: Overrides = None,
    seeds: Annotated[list[int] | None, typer.Option(metavar="0 1 2", help="Default: study.seeds.")] = None,
    variants: Annotated[list[str] | None, typer.Option(metavar="LABEL ...", help="Some of them, by label.")] = None,
    baselines: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME ...", help="Rows beside them that need no training, see docs/baselines.md."),
    ] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Runs at a time; default: one a GPU, or one a core.")] = None,
    folder: Annotated[Path | None, typer.Option(help="Default: RUN_DIR/studies.")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the folders of finished runs, models included.")] = False,
    metric: Annotated[str, typer.Option(help="What is compared and drawn.")] = "NDCG@10",
    table_only: Annotated[bool, typer.Option("--table-only", help="Make no run; show what is done.")] = False,
) -> None:
    """Run variants of a configuration with several seeds and compare them; goes on where it was interrupted."""
    resolved = read_config(config, overrides or [])
    from sracl.pipeline.display import Display
    from sracl.studies.conduct import Options, conduct, show

    options = Options(seeds or None, variants or None, baselines or (), jobs, folder, keep, metric)
    (show if table_only else conduct)(resolved, name.value, options, Display())
