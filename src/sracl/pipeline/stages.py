"""What each stage of a run does: read the artefacts of earlier ones, call one part, leave its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from sracl.backbones.base import Backbone
from sracl.backbones.named import source_file
from sracl.backbones.scorer import BackboneScorer
from sracl.config import ObjectivesConfig, RunConfig
from sracl.datasets.build import Frame, PrepareReport, build_dataset
from sracl.datasets.dataset import Dataset
from sracl.datasets.held_out import hold_out
from sracl.datasets.named import load_named
from sracl.datasets.splits import PARTS, Part
from sracl.datasets.tables import Columns
from sracl.errors import InputError
from sracl.evaluation.evaluate import Evaluation, Scorer, evaluate
from sracl.evaluation.groups import Groups, by_history, by_popularity, metrics_by_group
from sracl.files import write_json, written_aside
from sracl.objectives import OBJECTIVES
from sracl.objectives.training_objective import TrainingObjective
from sracl.pipeline.baselines import baselines_of, make_baseline, plain_backbone
from sracl.pipeline.cold import HELD_OUT, measure_cold_items
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
from sracl.training.checkpoint import Progress, load_progress
from sracl.training.learned import learned_index, load_learned, save_learned
from sracl.training.loop import LAST
from sracl.training.loop import train as run_training

if TYPE_CHECKING:
    from sracl.pipeline.run import Run

ROWS_A_GROUP = 100_000
"""Rows at least of a group of the Parquet file of recommendations."""
SHOWN = ("HR@5", "NDCG@5", "HR@10", "NDCG@10", "MRR@10", "HR@20", "NDCG@20")


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
            f"The items have no text, so there is nothing to retrieve by: {model_name(run)} is trained. "
            f"Give dataset.items for {_titles(run.config.objectives)}."
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
    rows = ["protocol", "items", "items_without_text", "prefixes", "prefixes_without_neighbors", "same_user_share"]
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


def evaluate_all(run: Run) -> None:
    """Validation and test metrics of the model and of the baselines; writes `metrics.json`."""
    found = {"model": _measured(run, scorer_of(run))}
    # After training in this process the allocator keeps what baselines free, in blocks of all sizes.
    with large_blocks_given_back():
        for name, baseline in baselines_of(run):
            found[name] = _measured(run, baseline)
    tests = {name: parts["test"] for name, parts in found.items()}
    groups = {name: metrics_by_group(tests["model"], some, _cutoffs(run)) for name, some in groups_of(run).items()}
    show_metrics(run, tests)
    cold = {"cold": measure_cold_items(run)} if run.config.dataset.cold_items.share else {}
    write_json(run.folder / "metrics.json", _metrics(run, found) | {"test_groups": groups} | cold)


def groups_of(run: Run) -> dict[str, Groups]:
    """The test targets by their users' histories and by their items' popularity."""
    bounds = run.config.evaluation
    return {
        "history": by_history(run.split, "test", bounds.history_groups),
        "popularity": by_popularity(run.split, "test", bounds.popularity_groups),
    }


def _measured(run: Run, scorer: Scorer) -> dict[Part, Evaluation]:
    return {part: evaluate(scorer, run.split, part, _cutoffs(run)) for part in PARTS}


def _cutoffs(run: Run) -> tuple[int, ...]:
    return tuple(sorted({*run.config.evaluation.cutoffs, 10}))


def scorer_of(run: Run, baseline: str | None = None) -> Scorer:
    """What is evaluated: the trained model, or a baseline with its default settings, which needs the data alone."""
    if baseline is not None:
        return make_baseline(run, baseline)
    return BackboneScorer(Recommender.load(run.folder / "model", run.own_backbone).backbone)


def progress_of(run: Run) -> Progress:
    """How the model's training went."""
    return load_progress(run.folder / "checkpoints" / "model" / LAST)


def _metrics(run: Run, found: dict[str, dict[Part, Evaluation]]) -> dict[str, Any]:
    progress = progress_of(run)
    per_epoch = [record["seconds"] for record in progress.history]
    return {
        "protocol": run.config.protocol,
        "split": run.split.name,
        "split_facts": run.split.facts(),
        "seed": run.config.seed,
        "contrastive": run.objectives.contrastive,
        "item_embedding": run.config.item_embedding.kind,
        "pretraining": run.config.pretraining.kind,
        "objectives": {name: section.weight for name, section in run.objectives.switched_on.items()},
        "users": len(np.unique(found["model"]["test"].users)),
        **_both_ways(found["model"]),
        "test_known_items": found["model"]["test"].known,
        "baselines": {name: _both_ways(parts) for name, parts in found.items() if name != "model"},
        "seconds": {name: stamp.seconds for name, stamp in run.made.items()}
        | {"train_per_epoch": sum(per_epoch) / len(per_epoch)},
        "peak_mib": {name: stamp.peak_mib for name, stamp in run.made.items()},
        "epochs": progress.epoch,
        "best_epoch": progress.best_epoch,
    }


def _both_ways(parts: dict[Part, Evaluation]) -> dict[str, dict[str, float]]:
    kept: dict[str, dict[str, float]] = {part: found.kept for part, found in parts.items()}
    return kept | {f"{part}_unseen": found.unseen for part, found in parts.items()}


def model_name(run: Run) -> str:
    """What the model is called in tables."""
    titles, vectors = _titles(run.objectives), run.config.item_embedding
    backbone = f"{vectors.kind} {run.config.backbone.name}" if vectors.needs_texts else run.config.backbone.name
    if run.config.pretraining.switched_on:
        backbone = f"{run.config.pretraining.kind} {backbone}"
    if titles:
        return f"{titles} on {backbone}"
    return backbone if run.trained.more_than_plain else f"plain {backbone}"


def _titles(objectives: ObjectivesConfig) -> str:
    return " + ".join(dict.fromkeys(OBJECTIVES[name].title for name in objectives.switched_on))


def show_metrics(run: Run, tests: dict[str, Evaluation]) -> None:
    """Print the test metrics of all methods, seen items kept and removed, the model's last."""
    available = [name for name in SHOWN if name in tests["model"].kept]
    ordered = {name: found for name, found in tests.items() if name != "model"} | {model_name(run): tests["model"]}
    run.display.metrics("test, seen items kept", {name: found.kept for name, found in ordered.items()}, available)
    run.display.metrics("test, seen items removed", {name: found.unseen for name, found in ordered.items()}, available)


def recommend(run: Run) -> None:
    """Recommendations for every user to `recommendations.parquet`, a block of users at a time."""
    model = Recommender.load(run.folder / "model", run.own_backbone)
    k, exclude_seen = run.config.recommendations.k, run.config.evaluation.exclude_seen
    write_recommendations(model, run.folder / "recommendations.parquet", None, k, exclude_seen)


def write_recommendations(model: Recommender, path: Path, users: pl.Series | None, k: int, exclude_seen: bool) -> int:
    """Stream recommendations for some users (None: all) to a Parquet file; returns the number of rows.

    What is held in memory is a block's scores and a row group, whatever the number of users.
    """
    nobody = model.recommend([], k)
    rows, waiting = 0, [nobody]
    with (
        written_aside(path) as aside,
        pq.ParquetWriter(aside, nobody.to_arrow().schema, compression="zstd") as writer,
    ):
        for block in model.recommend_in_blocks(users, k, exclude_seen):
            waiting.append(block)
            # Large catalogues make blocks of few users, which would be as many groups.
            if sum(map(len, waiting)) >= ROWS_A_GROUP:
                writer.write_table(pl.concat(waiting).to_arrow())
                waiting = []
            rows += block.height
        if waiting:
            writer.write_table(pl.concat(waiting).to_arrow())
    return rows


def report(run: Run) -> None:
    """`report.html`, for people."""
    # Drawing and templates are needed here alone.
    from sracl.reporting import write_report

    write_report(run)


def show_examples(run: Run) -> None:
    """Print some users' recent histories and what is recommended to them, by title where there is one."""
    count = min(run.config.recommendations.show_users, run.dataset.user_count)
    if not count:
        return
    found = pl.scan_parquet(run.folder / "recommendations.parquet", glob=False)
    labels = run.dataset.catalogue.select("item_id", label=run.dataset.titles)
    for number in range(count):
        user = run.dataset.users["user_id"][number]
        own = found.filter(pl.col("user_id") == pl.lit(user, dtype=run.dataset.users["user_id"].dtype)).collect()
        recommended = own.join(labels, on="item_id", how="left", maintain_order="left").select("rank", "label", "score")
        history = run.dataset.histories[number][-10:]
        run.display.recommendations(user, labels["label"].gather(pl.Series(history)).to_list(), recommended)
