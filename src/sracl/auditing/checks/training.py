"""Training and the choice of settings: how many targets were learnt from, and what chose the epoch that is kept."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from sracl.auditing.evidence import Evidence
from sracl.auditing.findings import Finding, Verdict
from sracl.recommender import TRANSITIONS, remembers
from sracl.training.checkpoint import load_tensors
from sracl.training.loop import BEST, LAST, STOPPING_METRIC
from sracl.transition_memory import TransitionMemory


def check_training(evidence: Evidence) -> Iterator[Finding]:
    """For every training that left a checkpoint: its targets and its best epoch; then the published weights."""
    for folder in sorted(evidence.folder.glob("checkpoints/*")):
        if (folder / LAST).exists():
            history = json.loads(load_tensors(folder / LAST)[1]["progress"])["history"]
            best = json.loads(load_tensors(folder / LAST)[1]["progress"])["best_epoch"]
            yield _targets(evidence, folder.name, history)
            yield _choice(folder.name, history, best)
    if (evidence.folder / "model").exists() and (evidence.folder / "checkpoints" / "model" / BEST).exists():
        yield _weights(evidence.folder)
    if remembers(evidence.folder / "model"):
        yield _memory(evidence)


def _targets(evidence: Evidence, name: str, history: list[dict[str, Any]]) -> Finding:
    """An epoch's speed times its seconds is the number of its targets; every training item but a first one is one."""
    expected = int(np.maximum(evidence.split.training_lengths - 1, 0).sum())
    learnt = {round(record["targets_per_second"] * record["seconds_learning"]) for record in history}
    counts: dict[str, int | float] = {"targets": max(learnt), "targets_of_the_split": expected}
    way = f"targets of training ({name})"
    if learnt == {expected}:
        return Finding(way, Verdict.CLEAN, f"every epoch learnt from {expected:,} targets, the split's", counts)
    verdict = Verdict.LEAK if max(learnt) > expected else Verdict.UNPROVEN
    return Finding(way, verdict, f"epochs learnt from {max(learnt):,} targets, the split has {expected:,}", counts)


def _choice(name: str, history: list[dict[str, Any]], best: int) -> Finding:
    """The kept epoch must be the first that is best on validation, and no epoch may have looked at the test."""
    way = f"choice of the epoch ({name})"
    values = [record["validation"][STOPPING_METRIC] for record in history]
    wanted = history[int(np.argmax(values))]["epoch"]
    looked = sum(any("test" in key for key in record) for record in history)
    counts: dict[str, int | float] = {"epochs": len(history), "best_epoch": best, "epochs_with_test_metrics": looked}
    if looked:
        return Finding(way, Verdict.LEAK, f"{looked} of {len(history)} epochs measured the test", counts)
    if best != wanted:
        told = f"epoch {best} was kept, though validation {STOPPING_METRIC} is best in epoch {wanted}"
        return Finding(way, Verdict.LEAK, told, counts)
    told = f"epoch {best} of {len(history)} is the best by validation {STOPPING_METRIC}"
    return Finding(way, Verdict.CLEAN, told, counts)


def _weights(folder: Path) -> Finding:
    """The published model must be the checkpoint that validation chose."""
    published = load_tensors(folder / "model" / "weights.safetensors")[0]
    chosen = load_tensors(folder / "checkpoints" / "model" / BEST)[0]
    other = [name for name in chosen if name not in published or not torch.equal(chosen[name], published[name])]
    counts: dict[str, int | float] = {"tensors": len(chosen), "tensors_that_differ": len(other)}
    if other or len(published) != len(chosen):
        told = f"model/ is not the checkpoint that validation chose: {len(other)} of {len(chosen)} tensors differ"
        return Finding("published weights", Verdict.UNPROVEN, told, counts)
    return Finding("published weights", Verdict.CLEAN, "model/ is the checkpoint that validation chose", counts)


def _memory(evidence: Evidence) -> Finding:
    """What is remembered beside the model must be the transitions of training, counted again here."""
    items = evidence.dataset.item_count
    kept = TransitionMemory.load(evidence.folder / "model" / TRANSITIONS, items)
    wanted = TransitionMemory.of(evidence.split.training, items, kept.concentration, kept.reach, kept.decay)
    way = "transition memory"
    counts: dict[str, int | float] = {"transitions": kept.total, "transitions_of_training": wanted.total}
    if kept.same_counts(wanted):
        return Finding(way, Verdict.CLEAN, f"it holds the {kept.total:,} transitions of training and no other", counts)
    told = f"it holds {kept.total:,} transitions that are not the {wanted.total:,} of training"
    return Finding(way, Verdict.LEAK, told, counts)
