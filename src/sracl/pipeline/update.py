"""`sracl update`: a trained run learns of interactions, users and items that came later.

The updated run is made in a folder beside the one that it replaces, so that whatever happens meanwhile the old one
works; in the end the two exchange names. What is left of an interrupted update is gone on with.
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
from filelock import FileLock, Timeout

from sracl.config import RunConfig, read_config
from sracl.datasets.catalogue import build_catalogue
from sracl.datasets.dataset import Dataset
from sracl.datasets.identifiers import numbered_ids
from sracl.datasets.interactions import read_interactions
from sracl.datasets.later import Later, as_known, read_later, with_later
from sracl.datasets.report import PrepareReport
from sracl.datasets.tables import Frame, open_table
from sracl.errors import InputError
from sracl.files import exchange, folder_written_aside, link_or_copy, written_aside
from sracl.pipeline import updates
from sracl.pipeline.display import Display
from sracl.pipeline.plan import STAGES
from sracl.pipeline.run import Run
from sracl.pipeline.stages import source_of
from sracl.pipeline.stamps import differences
from sracl.pipeline.tracking import REMEMBERED
from sracl.pipeline.update_checks import Found, checked_data, same_histories
from sracl.pipeline.watchers import append_line
from sracl.semantics import index
from sracl.semantics.encoders import ConfiguredEncoder
from sracl.semantics.vectors import VectorStore
from sracl.training.loop import BEST

MADE = {
    *("config.yaml", "stages.json", "dataset", "semantics", "learned", "checkpoints", "model", "tensorboard", "onnx"),
    *("log.jsonl", "metrics.json", "recommendations.parquet", "report.html", REMEMBERED),
    *(updates.UPDATES, updates.BEFORE),
}
"""What stages make in a run's folder. Anything else there is somebody's own and moves to the updated run."""
ROWS_AT_ONCE = 16_384


def update(
    run_dir: Path,
    interactions: Frame,
    items: Frame | None = None,
    to: Path | None = None,
    overrides: Sequence[str] = (),
    display: Display | None = None,
) -> Run | None:
    """Add interactions, and items with their texts, to a trained run and have its model learn of them.

    interactions, items: tables with the columns of the run's own. to: the folder of the updated run; None: the run's
    own, which answers as before until the very end. Returns the updated run, or None where every row was known or none
    joins the data.
    Raises InputError for tables that do not continue the run, and for a run that is not trained.
    """
    display = display or Display()
    target = to or run_dir
    staging = target.parent / f".{target.name}.updating"
    with _alone(target):
        if to is None:
            _finish_exchange(run_dir, staging)
        run = _opened(run_dir, overrides, display)
        found = _found(run, interactions, items)
        if found is None:
            return None
        _check_target(to)
        data = checked_data(run, found)
        if found.later.items is None and same_histories(run.dataset, data):
            _tell_nothing_joins(run, found)
            return None
        if not _goes_on(staging, run, found):
            _begin(staging, run, found)
        updated = Run(_in_folder(run.config, staging), display, overwrite=True)
        updated.up_to(list(run.made)[-1])  # as far as the run had gone
        _tell(updated, found, run.dataset)
        _put_in_place(updated, target, exchanged=to is None)
    return Run(_in_folder(run.config, target), display)


@contextmanager
def _alone(target: Path) -> Iterator[None]:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(target.parent / f".{target.name}.updating.lock", timeout=0):
            yield
    except Timeout as error:
        raise InputError(f"another update of {target} is under way; wait for its end") from error


def _opened(run_dir: Path, overrides: Sequence[str], display: Display) -> Run:
    """The run to be updated. Raises InputError unless it is trained, on data that are still there as they were."""
    if not (run_dir / "config.yaml").exists():
        raise InputError(f"{run_dir} holds no run (no config.yaml); give the run_dir of one")
    run = Run(read_config(run_dir / "config.yaml", [f"run_dir={run_dir}", *overrides]), display)
    weights = run_dir / "checkpoints" / "model" / BEST
    if not ((run_dir / "model" / "model.json").exists() and weights.exists()):
        raise InputError(f"{run_dir} is not trained; train it first: sracl train {run_dir / 'config.yaml'}")
    if run.holds_items_out:
        raise InputError(
            f"{run_dir} holds items out (dataset.cold_items.share) to measure them; update one that does not"
        )
    prepare = next(stage for stage in STAGES if stage.name == "prepare")
    known = run.stamps.get(prepare.name)
    wanted = run.stamp_of(prepare, known)
    if known is None or known.fingerprint != wanted.fingerprint:
        why = "; ".join(differences(known, wanted)[:2]) if known else "no record of it is there"
        raise InputError(
            f"{run_dir} was prepared from other data: {why}.\n"
            "An update adds to the data of the run: put them back as they were, or train anew."
        )
    return run


def _found(run: Run, interactions: Frame, items: Frame | None) -> Found | None:
    """What is new in the tables; None, and a word on it, where there is nothing."""
    source = source_of(run.config)
    before = read_interactions(open_table(source.interactions, "interactions"), source.columns)
    known = with_later(before, run.past.later, run.past.known)
    compared = read_later(open_table(interactions, "interactions"), source.columns, known)
    texts, known_items = (None, 0) if items is None else _new_texts(run, items)
    later = Later(compared.new, texts)
    digest = updates.digest_of(later)
    if compared.new.is_empty() or digest in run.past.digests:
        run.display.say(f"every one of the interactions is known already: {run.folder} stays as it is")
        return None
    return Found(later, digest, len(run.past) + 1, compared.known, known_items)


def _new_texts(run: Run, items: Frame) -> tuple[pl.DataFrame | None, int]:
    """Catalogue rows of the items in a table that have no text yet, and how many others it holds."""
    text = run.dataset.text_columns
    if not text:
        raise InputError(f"the items of {run.folder} have no texts, so that it reads none: leave --items out")
    table, column = open_table(items, "items"), run.config.dataset.columns.item
    table.need(column, "item ids", ".item")
    for name in text:
        table.need(name, "an item's text", ".text")
    keys = numbered_ids(table, column, "item")["id"]
    catalogue = run.dataset.catalogue
    ids = as_known(table, column, "item", keys, catalogue["item_id"])
    told = catalogue.filter(pl.any_horizontal(pl.col(text).is_not_null()))["item_id"]
    new = ids.filter(~ids.is_in(told.implode())).alias("item_id")
    if not len(new):
        return None, len(ids)
    return build_catalogue(table, column, text, new, PrepareReport()), len(ids) - len(new)


def _tell_nothing_joins(run: Run, found: Found) -> None:
    data = run.config.dataset
    run.display.say(
        f"none of the {found.later.interactions.height:,} new interactions joins the data: their users or items have "
        f"fewer than {data.min_interactions} (dataset.min_interactions), or dataset.repeats ({data.repeats}) passes "
        f"them over. {run.folder} stays as it is.\n"
        "Nothing of them is kept: give them again together with later ones."
    )


def _check_target(to: Path | None) -> None:
    """Raise InputError where the folder for the updated run is another's."""
    if to is not None and to.exists():
        raise InputError(f"{to} is there already; give another folder for --to, or remove it")


def _goes_on(staging: Path, run: Run, found: Found) -> bool:
    """Whether an interrupted update of the same run with the same tables is there; one of other things is removed."""
    folders = updates.update_folders(staging)
    if not folders:
        shutil.rmtree(staging, ignore_errors=True)
        return False
    facts = updates.facts_of(folders[-1])
    if (facts["digest"], facts.get("of")) == (found.digest, _state(run)):
        run.display.say(f"going on with the update in {staging}")
        return True
    run.display.say(f"the update in {staging} is of other data or of another model: it begins anew")
    shutil.rmtree(staging)
    return False


def _state(run: Run) -> str | None:
    trained = run.stamps.get("train")
    return None if trained is None else trained.fingerprint


def _begin(staging: Path, run: Run, found: Found) -> None:
    """Make the folder of the updated run, with what it goes on from."""
    facts: dict[str, Any] = {
        "digest": found.digest,
        "of": _state(run),
        "interactions": found.later.interactions.height,
        "known": found.known_rows,
    }
    with folder_written_aside(staging) as aside:
        for number, folder in enumerate(updates.update_folders(run.folder), 1):
            for file in folder.iterdir():
                link_or_copy(file, aside / updates.UPDATES / f"{number:04d}" / file.name)
        facts["vectors"] = _take_vectors(run, aside)
        updates.write_update(aside, found.number, found.later, facts)
        updates.write_before(run.folder, aside)
        log = run.folder / "log.jsonl"
        if log.exists():
            shutil.copyfile(log, aside / "log.jsonl")
        append_line(aside / "log.jsonl", {"update": found.number} | facts)


def _take_vectors(run: Run, folder: Path) -> int:
    """Put the embeddings that the run has into a store of the new folder, so that none is made again; their number."""
    semantics = run.folder / "semantics"
    if not (semantics / index.ITEM_EMBEDDINGS).exists() or not run.reads_texts:
        return 0
    encoder = ConfiguredEncoder(run.config.semantics.encoder)
    texts = index.read_items(semantics, run.dataset), index.read_profiles(semantics, run.dataset, run.pool)
    for kind, table in zip(("items", "profiles"), texts, strict=True):
        index.check_same_texts(semantics, kind, table)
    with VectorStore(folder / "semantics" / index.VECTORS, encoder.name) as store:
        for table, name in zip(texts, (index.ITEM_EMBEDDINGS, index.PREFIX_EMBEDDINGS), strict=True):
            vectors = index.open_array(semantics / name, table.height)
            for begin in range(0, table.height, ROWS_AT_ONCE):
                block = table["text"].slice(begin, ROWS_AT_ONCE)
                rows = block.is_not_null().arg_true().to_numpy()
                store.put(dict(zip(block.drop_nulls(), vectors[begin + rows], strict=True)))
        return store.count()


def _in_folder(config: RunConfig, folder: Path) -> RunConfig:
    return config.model_copy(update={"run_dir": folder})


def _tell(run: Run, found: Found, before: Dataset) -> None:
    """Print what the update was."""
    facts = updates.facts_of(updates.update_folders(run.folder)[-1])
    data, rows = run.dataset, found.later.interactions
    joined = len(data.histories.values) - len(before.histories.values)
    counts: list[tuple[str, int]] = [
        ("new interactions", rows.height),
        ("rows known before or repeated (passed over)", found.known_rows),
        ("interactions that joined the data, earlier ones that waited among them", joined),
        ("users that joined", data.user_count - before.user_count),
        ("items that joined", data.item_count - before.item_count),
        ("items of the new table that had a text (passed over)", found.known_items),
    ]
    if (run.folder / "semantics" / index.VECTORS).exists():
        with VectorStore(
            run.folder / "semantics" / index.VECTORS, ConfiguredEncoder(run.config.semantics.encoder).name
        ) as store:
            counts += [
                ("texts embedded", store.count() - facts["vectors"]),
                ("texts embedded before", facts["vectors"]),
            ]
    run.display.counts(f"update {found.number}", counts)


def _put_in_place(updated: Run, target: Path, exchanged: bool) -> None:
    """Give the updated run its name."""
    with written_aside(updated.folder / "config.yaml") as aside:
        aside.write_text(_in_folder(updated.config, target).to_yaml(), encoding="utf-8")
    if exchanged:
        exchange(target, updated.folder)
        _clear(updated.folder, target)
    else:
        updated.folder.rename(target)


def _finish_exchange(run_dir: Path, staging: Path) -> None:
    """Do what an update that ended between its last steps left undone."""
    if not staging.exists():
        return
    if not run_dir.exists():
        staging.rename(run_dir)
    elif len(updates.update_folders(staging)) < len(updates.update_folders(run_dir)):
        _clear(staging, run_dir)


def _clear(old: Path, run_dir: Path) -> None:
    """Remove a run that an updated one has replaced, but for what is somebody's own."""
    for path in old.iterdir():
        if path.name not in MADE and not path.name.endswith(".part") and not (run_dir / path.name).exists():
            path.rename(run_dir / path.name)
    shutil.rmtree(old)
