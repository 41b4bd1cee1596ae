"""The commands; each calls one public function and turns errors into one or two lines and an exit code."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import polars as pl
import typer
from rich.console import Console

from sracl.config import read_config
from sracl.errors import InputError, SraclError

if TYPE_CHECKING:
    from sracl.pipeline.run import Run

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


def _run_up_to(stage: str, config: Path, overrides: list[str] | None, overwrite: bool) -> "Run":
    run = _opened(config, overrides, overwrite)
    made = run.up_to(stage)
    if not made:
        run.display.say(f"{run.folder}: nothing to do, everything up to `{stage}` is done")
    elif stage == "recommend":
        from sracl.pipeline.stages import show_examples

        show_examples(run)
        run.display.say(f"everything is in {run.folder}: model/, metrics.json, recommendations.parquet")
    return run


def _opened(config: Path, overrides: list[str] | None, overwrite: bool = False) -> "Run":
    resolved = read_config(config, overrides or [])
    # The parts below take seconds to import: a misspelt key is told before.
    from sracl.pipeline.display import Display
    from sracl.pipeline.run import Run

    return Run(resolved, Display(), overwrite)


def _prepared(config: Path, overrides: list[str] | None, overwrite: bool = False) -> "Run":
    run = _opened(config, overrides, overwrite)
    run.up_to("prepare")
    return run


def _stage_command(stage: str, text: str) -> Callable[..., None]:
    def command(config: ConfigFile, overrides: Overrides = None, overwrite: Overwrite = False) -> None:
        _run_up_to(stage, config, overrides, overwrite)

    command.__doc__ = text
    return command


app.command("run")(_stage_command("recommend", "Run every stage, skipping what is done."))
for _stage, _text in (
    ("prepare", "Read the raw data, apply the stated rules, number users and items."),
    ("embed", "Up to and with the texts' embeddings."),
    ("train", "Up to and with training; goes on from the last epoch after an interruption."),
    ("evaluate", "Up to and with test metrics, of the model and of the baselines."),
):
    app.command(_stage)(_stage_command(_stage, _text))


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
        _run_up_to("describe", config, overrides, overwrite)
        return
    run = _prepared(config, overrides, overwrite)
    from sracl.pipeline import describing

    if preview:
        describing.show_prompts(run, preview)
    if dry_run:
        describing.show_plan(run)
    if failures:
        describing.show_failures(run)
    if retry:
        describing.retry(run)


@app.command()
def neighbors(
    config: ConfigFile,
    overrides: Overrides = None,
    overwrite: Overwrite = False,
    show: Annotated[
        list[str] | None,
        typer.Option(metavar="ITEM_OR_USER", help="Print an item or user and its neighbours, texts side by side."),
    ] = None,
) -> None:
    """Up to and with the neighbours of items and prefixes; look at some to judge them."""
    run = _run_up_to("neighbors", config, overrides, overwrite)
    if show:
        from sracl.pipeline.looking import show_neighbors

        show_neighbors(run, show)


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

    write_requests(_prepared(config, overrides), folder)


@answers_app.command("read-batches")
def answers_read_batches(
    config: ConfigFile,
    files: Annotated[list[Path], typer.Argument(metavar="FILE.jsonl ...", help="What the provider's batches left.")],
    overrides: Overrides = None,
) -> None:
    """Store the answers of a provider's batch files; `sracl describe` goes on from there."""
    from sracl.pipeline.travelling import read_answers

    read_answers(_prepared(config, overrides), files)


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
        _run_up_to("recommend", config, overrides, overwrite)
        return
    wanted = _user_ids(users)
    resolved = read_config(config, overrides or [])
    run = _run_up_to("train", config, overrides, overwrite)
    from sracl.pipeline.stages import write_recommendations
    from sracl.recommender import Recommender

    model = Recommender.load(run.folder / "model", run.own_backbone)
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


@app.command()
def doctor() -> None:
    """What is installed, which devices there are, what is missing."""
    from sracl.doctor import checks

    failed = False
    for name, ok, told in checks():
        Console().print(
            f"{'ok     ' if ok else 'MISSING'} {name}: {told}", highlight=False, markup=False, soft_wrap=True
        )
        failed |= not ok
    if failed:
        raise SraclError("something that sracl needs is missing; see the lines above")


def main() -> None:
    """Run the program: exit code 0 done, 1 failed, 2 wrong usage or bad input; a traceback only with --debug."""
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    debug = len(arguments) < len(sys.argv) - 1
    try:
        app(args=arguments)
    except SraclError as error:
        if debug:
            raise
        Console(stderr=True).print(f"sracl: {error}", markup=False, highlight=False, soft_wrap=True)
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        Console(stderr=True).print("sracl: interrupted; the same command goes on from here", markup=False)
        raise SystemExit(1) from None
    except Exception as error:
        if debug:
            raise
        told = f"sracl: {type(error).__name__}: {error}".splitlines()[0]
        Console(stderr=True).print(
            f"{told}\nThis is a defect; add --debug for a traceback.", markup=False, soft_wrap=True
        )
        raise SystemExit(1) from None
