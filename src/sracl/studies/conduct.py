"""A study from beginning to end: plan its runs, make those that are not done, put the results together."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from sracl.config import RunConfig, changed
from sracl.errors import SraclError
from sracl.evaluation.groups import Groups
from sracl.files import written_aside
from sracl.pipeline.display import Display
from sracl.pipeline.measuring import groups_of
from sracl.pipeline.run import Run
from sracl.pipeline.sharing import adopt
from sracl.studies import STUDIES, tables
from sracl.studies.definition import Study
from sracl.studies.pictures import check_installed, draw
from sracl.studies.place import Place
from sracl.studies.processes import run_tasks, slots_of
from sracl.studies.progress import Telling
from sracl.studies.results import Results, read_results
from sracl.studies.sharing import make_shared
from sracl.studies.tasks import is_done, task_of
from sracl.studies.worker import Task


@dataclass(frozen=True)
class Options:
    """How a study is conducted. seeds, variants: None takes the configuration's, and all; baselines: rows beside them.

    jobs: runs at a time; None: one a GPU, or one a core. folder: None takes `studies` in the configuration's run_dir.
    keep: leave the folders of finished runs, models included. metric: what is compared and drawn.
    """

    seeds: Sequence[int] | None = None
    variants: Sequence[str] | None = None
    baselines: Sequence[str] = ()
    jobs: int | None = None
    folder: Path | None = None
    keep: bool = False
    metric: str = "NDCG@10"


def conduct(config: RunConfig, name: str, options: Options, display: Display) -> Results:
    """Make every run of a study that is not done, and show the table. The same call goes on after an interruption.

    Raises SraclError at the end where runs failed; the others are done then.
    """
    check_installed()
    study, place, tasks = planned(config, name, options)
    missing = [task for task in tasks if not is_done(task)]
    display.say(f"{study.name}: {len(tasks)} runs, {len(tasks) - len(missing)} of them done, in {place.folder}")
    errors = _make(missing, config, options, display) if missing else {}
    results = show(config, name, options, display)
    if errors:
        told = "; ".join(f"{task.label}: {errors[task.key]}" for task in missing if task.key in errors)
        raise SraclError(f"{len(errors)} of {len(tasks)} runs failed: {told}\nThe same command tries these again.")
    return results


def show(config: RunConfig, name: str, options: Options, display: Display) -> Results:
    """Put the results of the runs that are done together: tables on the screen, files in the study's folder.

    `runs.parquet`, `comparisons.parquet`, `table.tex`, `picture.svg`, `picture.png`.
    """
    study, place, tasks = planned(config, name, options)
    groups = _groups(tasks, config) if study.grouped else {}
    results = read_results(study, place.records, tasks, options.metric, groups)
    if results.runs.is_empty():
        display.say("no run of this study is done yet")
        return results
    folder = place.results(study.name)
    for file, table in (("runs", results.runs), ("comparisons", results.comparisons)):
        with written_aside(folder / f"{file}.parquet") as aside:
            table.write_parquet(aside)
    with written_aside(folder / "table.tex") as aside:
        aside.write_text(tables.latex(results), encoding="utf-8")
    tables.show(results, display.console)
    draw(results, folder)
    display.say(f"{folder}: runs.parquet, comparisons.parquet, table.tex, picture.svg, picture.png")
    return results


def _groups(tasks: Sequence[Task], config: RunConfig) -> dict[str, Groups]:
    """The groups of the test targets, from the data, which are prepared where they are not there."""
    task = tasks[0]
    run = Run(changed(task.config, {"run_dir": str(task.shared)}), Display(Console(quiet=True)), overwrite=True)
    adopt(run, config.run_dir)
    run.up_to("prepare")
    return groups_of(run)


def planned(config: RunConfig, name: str, options: Options) -> tuple[Study, Place, list[Task]]:
    """The study, its place and all its runs, done or not. Variants that come to the same run share it."""
    study = STUDIES[name](config)
    if options.variants is not None:
        study = study.only(options.variants)
    study = study.beside(options.baselines)
    place = Place(options.folder or config.run_dir / "studies")
    seeds = options.seeds if options.seeds is not None else config.study.seeds
    tasks = [
        task_of(variant.label, variant.configured(config, seed), place, variant.baseline, options.keep)
        for variant in study.variants
        for seed in (seeds if variant.baseline is None else [config.seed])
    ]
    return study, place, tasks


def _make(missing: list[Task], config: RunConfig, options: Options, display: Display) -> dict[str, str]:
    """Make the artefacts that runs share, then the runs; returns errors by key."""
    distinct = list({task.key: task for task in missing}.values())
    of_each = {task.shared: task for task in distinct}
    for task in of_each.values():
        make_shared(task.place, changed(task.config, {"run_dir": str(config.run_dir)}), display)
    slots = slots_of(config.training, options.jobs)
    with Telling(display, len(distinct), len(slots)) as watcher:
        errors = run_tasks(distinct, slots, watcher)
    for task in distinct:
        if task.key not in errors and not task.keep:
            shutil.rmtree(task.config.run_dir)
    return errors
