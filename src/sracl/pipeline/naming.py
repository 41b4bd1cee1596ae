"""What a run's model is called where people read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sracl.config import ObjectivesConfig
from sracl.objectives import OBJECTIVES
from sracl.recommender import remembers

if TYPE_CHECKING:
    from sracl.pipeline.run import Run


def model_name(run: Run) -> str:
    """What the model is called in tables."""
    return trained_name(run) + (" + memory" if remembers(run.folder / "model") else "")


def trained_name(run: Run) -> str:
    """What is trained, without what is remembered beside it."""
    methods, vectors = titles_of(run.objectives), run.config.item_embedding
    backbone = f"{vectors.kind} {run.config.backbone.name}" if vectors.needs_texts else run.config.backbone.name
    if run.config.pretraining.switched_on:
        backbone = f"{run.config.pretraining.kind} {backbone}"
    if methods:
        return f"{methods} on {backbone}"
    return backbone if run.trained.more_than_plain else f"plain {backbone}"


def titles_of(objectives: ObjectivesConfig) -> str:
    """The methods whose objectives are switched on, once each."""
    return " + ".join(dict.fromkeys(OBJECTIVES[name].title for name in objectives.switched_on))
