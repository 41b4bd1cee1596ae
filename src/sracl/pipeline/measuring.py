"""The stage that evaluates: metrics of a run's model, of its groups of targets, and of baselines beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sracl.datasets.splits import PARTS, Part
from sracl.evaluation.evaluate import Evaluation, Scorer, evaluate
from sracl.evaluation.groups import Groups, by_history, by_popularity, by_transition, metrics_by_group
from sracl.files import write_json
from sracl.pipeline.baselines import baselines_of, make_baseline
from sracl.pipeline.cold import measure_cold_items
from sracl.pipeline.naming import model_name
from sracl.training.allocator import large_blocks_given_back
from sracl.training.checkpoint import Progress, load_progress
from sracl.training.loop import LAST

if TYPE_CHECKING:
    from sracl.pipeline.run import Run

SHOWN = ("HR@5", "NDCG@5", "HR@10", "NDCG@10", "MRR@10", "HR@20", "NDCG@20")


def evaluate_all(run: Run) -> None:
    """Validation and test metrics of the model and of the baselines; writes `metrics.json`."""
    found = {"model": _measured(run, scorer_of(run))}
    # After training in this process the allocator keeps what baselines free, in blocks of all sizes.
    with large_blocks_given_back():
        for name, baseline in baselines_of(run):
            found[name] = _measured(run, baseline)
    tests = {name: parts["test"] for name, parts in found.items()}
    groups = {
        name: metrics_by_group(tests["model"], some, run.config.evaluation.measured_cutoffs)
        for name, some in groups_of(run).items()
    }
    show_metrics(run, tests)
    cold = {"cold": measure_cold_items(run)} if run.config.dataset.cold_items.share else {}
    write_json(run.folder / "metrics.json", _metrics(run, found) | {"test_groups": groups} | cold)


def groups_of(run: Run) -> dict[str, Groups]:
    """The test targets by their users' histories, their items' popularity, and how often training has them so."""
    bounds = run.config.evaluation
    return {
        "history": by_history(run.measured_split, "test", bounds.history_groups),
        "popularity": by_popularity(run.measured_split, "test", bounds.popularity_groups),
        "transition": by_transition(run.measured_split, "test", bounds.transition_groups),
    }


def _measured(run: Run, scorer: Scorer) -> dict[Part, Evaluation]:
    return {part: evaluate(scorer, run.measured_split, part, run.config.evaluation.measured_cutoffs) for part in PARTS}


def scorer_of(run: Run, baseline: str | None = None) -> Scorer:
    """What is evaluated: the trained model, or a baseline with its default settings, which needs the data alone."""
    if baseline is not None:
        return make_baseline(run, baseline)
    return run.load_model().scorer


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
        "targets": {part: len(run.measured_split.part(part)) for part in PARTS},
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


def show_metrics(run: Run, tests: dict[str, Evaluation]) -> None:
    """Print the test metrics of all methods, seen items kept and removed, the model's last."""
    available = [name for name in SHOWN if name in tests["model"].kept]
    ordered = {name: found for name, found in tests.items() if name != "model"} | {model_name(run): tests["model"]}
    asked, whole = len(run.measured_split.test), len(run.split.test)
    share = f", {asked:,} of {whole:,} targets" if asked < whole else ""
    kept = {name: found.kept for name, found in ordered.items()}
    unseen = {name: found.unseen for name, found in ordered.items()}
    run.display.metrics(f"test, seen items kept{share}", kept, available)
    run.display.metrics(f"test, seen items removed{share}", unseen, available)
