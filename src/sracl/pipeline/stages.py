"""What each stage of a run does: read the artefacts of earlier ones, call one part, leave its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sracl.backbones.base import Backbone
from sracl.backbones.named import source_file
from sracl.config import RunConfig
from sracl.datasets.build import Frame, PrepareReport, build_dataset
from sracl.datasets.dataset import Dataset
from sracl.datasets.held_out import hold_out
from sracl.datasets.named import load_named
from sracl.datasets.tables import Columns
from sracl.errors import InputError
from sracl.objectives.training_objective import TrainingObjective
from sracl.pipeline.baselines import plain_backbone
from sracl.pipeline.cold import HELD_OUT
from sracl.pipeline.naming import titles_of, trained_name
from sracl.pipeline.pretraining import item_texts, load_pretrained
from sracl.pipeline.split_warning import warn_of_split
from sracl.pipeline.updates import Past, texts_before
from sracl.pipeline.warm_start import start_from_before, training_of
from sracl.pipeline.watchers import watched
from sracl.recommender import Recommender
from sracl.semantics import stages as semantic_stages
from sracl.semantics.encoders import ConfiguredEncoder
from sracl.semantics.index import SemanticIndex, read_manifest
from sracl.semantics.writers import make_writer
from sracl.training.allocator import large_blocks_given_back
from sracl.training.assembly import make_objective, make_plain_objective
from sracl.training.batches import TrainingRows
from sracl.training.learned import learned_index, load_learned, save_learned
from sracl.training.loop import train as run_training

if TYPE_CHECKING:
    from sracl.pipeline.run import Run


def input_files(stage: str, run: Run) -> list[Path]:
    """The user's own files that a stage depends on: data, unless by name; the code of a backbone of one's own."""
    config = run.config
    if stage == "prepare":
        return [path for path in (config.dataset.interactions, config.dataset.items) if path is not None]
    if stage in ("train", "baseline", "pretrain") and run.own_backbone is not None:
        return [source_file(config.backbone.name, run.own_backbone)]
    return []


@dataclass(frozen=True)
class Source:
    """Where a run's data come from: tables, the names of their columns, and what the items are."""

    interactions: Frame
    items: Frame | None
    columns: Columns
    domain: str | None


def source_of(config: RunConfig) -> Source:
    """The configured tables; a data set by name is fetched where it is not there."""
    data = config.dataset
    if data.name is not None:
        raw = load_named(data.name)
        return Source(raw.interactions, raw.items, Columns(text=data.columns.text or raw.text), raw.domain)
    columns = Columns(data.columns.user, data.columns.item, data.columns.time, data.columns.text)
    return Source(data.interactions, data.items, columns, config.semantics.domain)


def built(config: RunConfig, past: Past) -> tuple[Dataset, PrepareReport]:
    """The data of a configuration with what updates added, and what the rules counted."""
    source = source_of(config)
    return build_dataset(
        source.interactions,
        source.items,
        source.columns,
        min_interactions=config.dataset.min_interactions,
        repeats=config.dataset.repeats,
        domain=source.domain,
        later=past.later,
        known=past.known,
    )


def prepare(run: Run) -> None:
    """Raw files to `dataset/`; prints what every rule removed or kept."""
    config = run.config.dataset
    dataset, report = built(run.config, run.past)
    held = None
    if config.cold_items.share:
        dataset, held = hold_out(dataset, config.cold_items.share, config.cold_items.seed)
        report.add("items held out (see dataset.cold_items)", len(held))
        report.add("interactions held out with them", len(held.histories.values) - len(dataset.histories.values))
        _check_category(dataset, run.config.cold_items.category)
    dataset.save(run.folder / "dataset")
    if held is not None:
        held.save(run.folder / "dataset" / HELD_OUT)
    run.display.counts("data", report.rows())
    if run.config.objectives.semantic and not dataset.text_columns:
        run.display.say(
            f"The items have no text, so there is nothing to retrieve by: {trained_name(run)} is trained. "
            f"Give dataset.items for {titles_of(run.config.objectives)}."
        )


def _check_category(dataset: Dataset, column: str | None) -> None:
    if column is not None and column not in dataset.catalogue.columns:
        raise InputError(
            f"cold_items.category {column!r} is no column of the catalogue; "
            f"there are: {', '.join(dataset.catalogue.columns)}"
        )


def describe(run: Run) -> None:
    """Texts of items and prefixes, by the configured writer."""
    with run.display.asking() as on_progress:
        writer = make_writer(run.config.semantics, on_progress, run.engine)
        known = texts_before(run.folder, writer.name, run.dataset)
        semantic_stages.describe(run.folder / "semantics", run.dataset, run.pool, writer, run.config, known)
    if known is not None:
        items, prefixes = known.new_items(run.dataset), known.new_prefixes(run.dataset, run.pool)
        run.display.say(
            f"  new: {len(items):,} of {run.dataset.item_count:,} items, {len(prefixes):,} of {len(run.pool):,} "
            "prefixes; the others keep their texts"
        )


def embed(run: Run) -> None:
    """Embeddings of texts and prefixes, by the configured encoder."""
    folder = run.folder / "semantics"
    encoder = ConfiguredEncoder(run.config.semantics.encoder)
    count = sum(map(len, semantic_stages.texts_to_embed(folder, run.dataset, run.pool)))
    try:
        with run.display.counting(f"texts through {encoder.name}", count) as advance:
            engine = encoder.among(run.engine)
            semantic_stages.embed(folder, run.dataset, run.pool, encoder, advance, engine)
    finally:
        if encoder.spending is not None:
            run.display.say(f"  {encoder.spending.told()}")


def neighbors(run: Run) -> None:
    """Neighbours of items and prefixes."""
    folder = run.folder / "semantics"
    count = run.dataset.item_count + len(run.pool)
    with run.display.counting("neighbours", count) as advance, large_blocks_given_back():
        semantic_stages.find_neighbors(folder, run.dataset, run.split, run.config, advance, run.engine)
    manifest = read_manifest(folder)
    of_items, of_prefixes = ("items", "items_without_text"), ("prefixes", "prefixes_without_neighbors", "neighbors_of")
    rows = ("protocol", *of_items, *of_prefixes, "same_user_share")
    told = [(name.replace("_", " "), manifest[name]) for name in rows]
    for kind, found in manifest["search"].items():
        tried = ", ".join(f"{recall:.4f} by effort {effort}" for effort, recall in found["recall_by_effort"].items())
        told.append((f"search for {kind}", found["method"] + (f"; recall of approximate {tried}" if tried else "")))
    run.display.counts("semantics", told)


def train(run: Run) -> None:
    """The configured backbone, item vectors and contrastive losses; leaves `checkpoints/` and `model/`."""
    semantic = learned = None
    if run.objectives.semantic:
        semantic = SemanticIndex.load(run.folder / "semantics", run.dataset, run.pool)
    if run.objectives.learned:
        learned = load_learned(run.folder / "learned", run.pool, run.dataset.item_count)
    warn_of_split(run)
    objective = make_objective(
        run.trained,
        run.dataset.item_count,
        run.split.training,
        semantic=semantic,
        learned=learned,
        texts=item_texts(run),
        own=run.own_backbone,
    )
    load_pretrained(run, objective.backbone)
    backbone = _trained(run, "model", objective)
    Recommender(backbone, run.config.backbone, run.dataset, run.config.item_embedding).save(run.folder / "model")


def train_plain_backbone(run: Run) -> None:
    """The same backbone from the same seed without contrastive losses, texts and pre-training, for comparison."""
    _trained(
        run, "backbone", make_plain_objective(run.config, run.dataset.item_count, run.split.training, run.own_backbone)
    )


def learned(run: Run) -> None:
    """Neighbours by the plain backbone's vectors, to `learned/`."""
    save_learned(learned_index(plain_backbone(run), run.pool, run.config), run.folder / "learned")


def _trained(run: Run, name: str, objective: TrainingObjective) -> Backbone:
    targets = TrainingRows.of(run.split.training, run.config.dataset.max_length).target_count
    settings = training_of(run, start_from_before(run, name, objective))
    with watched(run, name, targets) as (folder, watcher):
        run_training(objective, run.split, settings, run.config.seed, folder, watcher)
    return objective.backbone


def report(run: Run) -> None:
    """`report.html`, for people."""
    # Drawing and templates are needed here alone.
    from sracl.reporting import write_report

    write_report(run)
