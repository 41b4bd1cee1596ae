"""`tune` from beginning to end: every method is searched with the same budget, its best settings tested once."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl
from filelock import FileLock
from rich.box import SIMPLE_HEAD
from rich.table import Table

from sracl.config import RunConfig, changed
from sracl.errors import InputError, SraclError
from sracl.files import written_aside
from sracl.pipeline.display import Display
from sracl.studies.definition import Variant
from sracl.studies.methods import methods
from sracl.studies.place import Place
from sracl.studies.processes import Pool, run_tasks, slots_of
from sracl.studies.progress import Telling as ProgressOfRuns
from sracl.studies.records import Record
from sracl.studies.sharing import make_shared
from sracl.studies.tasks import is_done, task_of
from sracl.tuning.search import KEY, SECONDS, Budget, Search
from sracl.tuning.telling import Telling, told
from sracl.tuning.trials import Trials


@dataclass(frozen=True)
class Options:
    """methods, budget: None takes the configuration's; jobs: None takes one a GPU, or one a core.

    folder: None takes `studies` in the configuration's run_dir, whose runs studies share; the search is in its `tune`.
    """

    methods: Sequence[str] | None = None
    budget: Budget | None = None
    jobs: int | None = None
    folder: Path | None = None


@dataclass(frozen=True)
class Tuned:
    """What was found for a method. config: with its best settings, which `values` holds by key; trials: of each state.

    record: of the run with these settings, the only one that was tested.
    """

    name: str
    label: str
    config: RunConfig
    values: dict[str, Any]
    trials: dict[str, int]
    minutes: float
    record: Record


def tune(config: RunConfig, options: Options, display: Display) -> list[Tuned]:
    """Search every method's settings; writes `tune/METHOD.yaml` and `tune/trials.parquet`, and prints what was best.

    The same call goes on after an interruption. Raises InputError for an unknown method or a space that does not fit,
    SraclError where none of a method's trials came to an end.
    """
    known = methods(config)
    names = tuple(options.methods or config.tune.methods)
    if unknown := [name for name in names if name not in known]:
        raise InputError(f"there is no method {unknown[0]!r}; known: {', '.join(known)}")
    place = Place(options.folder or config.run_dir / "studies")
    storage = place.folder / "tune" / "tune.sqlite"
    with FileLock(place.lock("tune")):
        searches = {name: Search(name, known[name].configured(config, config.seed), storage) for name in names}
        found = [_searched(name, known[name], searches[name], place, config, options, display) for name in names]
    table = pl.concat([_trials(name, search) for name, search in searches.items()], how="diagonal")
    with written_aside(place.folder / "tune" / "trials.parquet") as aside:
        table.write_parquet(aside)
    _show(found, display)
    display.say(f"{place.folder / 'tune'}: {', '.join(f'{one.name}.yaml' for one in found)}, trials.parquet")
    return found


def _searched(
    name: str, method: Variant, search: Search, place: Place, config: RunConfig, options: Options, display: Display
) -> Tuned:
    """Search one method, write its best configuration, and test that."""
    budget = options.budget or Budget(config.tune.trials, config.tune.minutes)
    slots = slots_of(config.training, options.jobs)
    display.say(f"{name}: {len(search.over)} trials over, {search.minutes:.1f} minutes; searched: {_space(search)}")
    with Pool(slots) as pool, Telling(display, name, budget) as telling:
        trials = Trials(name, search, place, config.run_dir, display, telling)
        trials.make(budget, pool)
    best = search.best
    if best is None:
        raise SraclError(
            f"{name}: none of {len(search.over)} trials came to its end; see {trials.place.folder / 'work'}"
        )
    chosen = changed(search.config, best.params)
    record = _tested(method.label, chosen, place, trials.place.run(best.user_attrs[KEY]), display)
    with written_aside(place.folder / "tune" / f"{name}.yaml") as aside:
        in_own_folder = changed(chosen, {"run_dir": f"{config.run_dir}-tuned-{name}"})
        aside.write_text(in_own_folder.to_yaml(), encoding="utf-8")
    states = [trial.state.name.lower() for trial in search.over]
    counts = {state: states.count(state) for state in ("complete", "pruned", "fail")}
    return Tuned(name, method.label, chosen, dict(best.params), counts, search.minutes, record)


def _tested(label: str, config: RunConfig, place: Place, folder: Path, display: Display) -> Record:
    """Test the best settings' model, which lies in `folder`, and keep the record among those of the studies."""
    task = task_of(label, config, place)
    if not is_done(task):
        task = replace(task, config=changed(task.config, {"run_dir": str(folder)}))
        # The folder may be gone, where the search was carried from another machine: then this trains once more.
        make_shared(place, config, display)
        with ProgressOfRuns(display, 1, 1) as watcher:
            errors = run_tasks([task], slots_of(config.training, 1), watcher)
        if errors:
            raise SraclError(f"{label}: testing the best settings failed: {errors[task.key]}")
    shutil.rmtree(folder, ignore_errors=True)
    record = place.records.find(task.key)
    assert record is not None
    return record


def _space(search: Search) -> str:
    return ", ".join(search.space) or "nothing, it has none of the settings in tune.space"


def _trials(name: str, search: Search) -> pl.DataFrame:
    """A row a trial: `method, number, state, validation MRR@10, seconds`, then its settings."""
    rows = [
        {"method": name, "number": trial.number, "state": trial.state.name.lower(), "validation MRR@10": trial.value}
        | {"seconds": trial.user_attrs[SECONDS]}
        | trial.params
        for trial in search.over
    ]
    return pl.DataFrame(rows, infer_schema_length=None)


def _show(found: Sequence[Tuned], display: Display) -> None:
    table = Table(
        title="tuned by validation, the best settings tested",
        title_justify="left",
        box=SIMPLE_HEAD,
        padding=(0, 1),
        pad_edge=False,
    )
    for column in ("method", "trials", "pruned", "failed", "minutes", "validation MRR@10", "NDCG@10 kept", "removed"):
        table.add_column(column, justify="left" if column == "method" else "right")
    for one in found:
        record = one.record
        numbers = (record.validation["MRR@10"], record.test["NDCG@10"], record.test_unseen["NDCG@10"])
        counts = (sum(one.trials.values()), one.trials["pruned"], one.trials["fail"])
        table.add_row(one.label, *map(str, counts), f"{one.minutes:.1f}", *(f"{number:.4f}" for number in numbers))
    display.console.print(table)
    for one in found:
        display.say(f"  {one.label}: {told(one.values)}")
