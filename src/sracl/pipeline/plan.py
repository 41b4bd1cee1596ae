"""The stages of a run in their order: what each depends on, what makes it, and what it leaves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sracl.config import RunConfig
from sracl.pipeline import cold, measuring, pretraining, recommending, remembering, stages
from sracl.pipeline.stamps import flat
from sracl.semantics import index

if TYPE_CHECKING:
    from sracl.pipeline.run import Run


@dataclass(frozen=True)
class Stage:
    """A stage: what it depends on and what makes it.

    sections: configuration keys, dotted; without: parts of them that it does not read. cheap: made anew without asking
    where settings changed. leaves: files and folders that another run may take over instead of making them, relative to
    the run's folder.
    """

    name: str
    make: Callable[[Run], None]
    sections: tuple[str, ...]
    after: tuple[str, ...] = ()
    cheap: bool = False
    semantic: bool = False
    without: tuple[str, ...] = ()
    leaves: tuple[str, ...] = ()


SEARCH = ("semantics.neighbors", "semantics.neighbors_of", "semantics.search", "semantics.recall")
"""Settings of the search for neighbours, by texts or by what a backbone learnt."""
STAGES = (
    Stage("prepare", stages.prepare, ("dataset",), without=("dataset.split.",), leaves=("dataset",)),
    Stage(
        "describe",
        stages.describe,
        ("protocol", "dataset.split", "semantics.domain", "semantics.writer", "semantics.profiles"),
        ("prepare",),
        semantic=True,
        leaves=tuple(f"semantics/{name}" for name in (index.ITEMS, index.PROFILES, index.MANIFEST)),
    ),
    Stage(
        "embed",
        stages.embed,
        ("semantics.encoder.kind", "semantics.encoder.model", "semantics.encoder.precision"),
        ("describe",),
        semantic=True,
        leaves=tuple(f"semantics/{name}" for name in (index.ITEM_EMBEDDINGS, index.PREFIX_EMBEDDINGS)),
    ),
    Stage(
        "cold",
        cold.describe_and_embed,
        ("semantics.domain", "semantics.writer", "semantics.encoder.kind", "semantics.encoder.model"),
        ("prepare",),
        semantic=True,
        leaves=tuple(f"semantics/{name}" for name in (cold.COLD_ITEMS, cold.COLD_EMBEDDINGS)),
    ),
    Stage(
        "neighbors",
        stages.neighbors,
        SEARCH,
        ("embed",),
        semantic=True,
        leaves=tuple(f"semantics/{name}" for name in (index.ITEM_NEIGHBORS, index.PREFIX_NEIGHBORS)),
    ),
    Stage(
        "baseline",
        stages.train_plain_backbone,
        ("seed", "dataset.split", "backbone", "objectives.next_item", "training", "update"),
        ("prepare",),
    ),
    Stage(
        "learned",
        stages.learned,
        ("protocol", *SEARCH),
        ("baseline",),
    ),
    Stage(
        "pretrain",
        pretraining.pretrain,
        ("seed", "dataset.split", "backbone", "item_embedding", "pretraining", *pretraining.OF_TRAINING),
        ("prepare", "embed"),
    ),
    Stage(
        "train",
        stages.train,
        ("seed", "dataset.split", "backbone", "item_embedding", "objectives", "training", "update"),
        ("prepare", "embed", "neighbors", "learned", "pretrain"),
    ),
    Stage(
        "remember",
        remembering.remember,
        ("dataset.split", "transition_memory"),
        ("train",),
        cheap=True,
    ),
    Stage(
        "evaluate",
        measuring.evaluate_all,
        ("evaluation", "cold_items"),
        ("embed", "cold", "train", "baseline", "remember"),
        cheap=True,
    ),
    Stage(
        "recommend",
        recommending.recommend,
        ("recommendations.k", "evaluation.exclude_seen"),
        ("train", "remember"),
        cheap=True,
    ),
    Stage(
        "report",
        stages.report,
        ("report", "evaluation", "recommendations.k"),
        ("prepare", "neighbors", "baseline", "train", "remember", "evaluate"),
        cheap=True,
    ),
)
LATER = {
    "semantics.encoder.precision": "auto",
    "semantics.neighbors_of": "every-prefix",
    "objectives.next_item.products": "float32",
    "objectives.warm_up": 0,
    "training.validation_targets": None,
    "evaluation.targets": None,
}
"""Settings that came later, and what was done before: as such they leave no trace, and earlier artefacts stay valid."""
WITHOUT_EFFECT = (
    "training.threads",
    "training.device",
    *(
        f"semantics.writer.{key}"
        for key in (
            *("api_key_env", "concurrency", "requests_per_minute", "tokens_per_minute", "timeout"),
            *("max_requests", "max_cost", "prices", "tokenizer"),
        )
    ),
)
"""Settings that change how fast or far a run goes, and no more than rounding of its result."""
IMPLIED = {"semantics.recall": 0.99}
"""Settings that came later, at the value that runs before them are taken to have. At this value none is recorded."""


def settings_of(stage: Stage, config: RunConfig) -> dict[str, Any]:
    """The settings that a stage depends on, flat."""
    return {key: value for section in stage.sections for key, value in flat(_part(config, section)).items()}


def _part(config: RunConfig, section: str) -> dict[str, Any]:
    """A section's values, without objectives that are off: a new objective leaves what was trained before it valid."""
    off = {name for name in config.objectives.sections if name not in config.objectives.switched_on}
    values: Any = config.model_dump(mode="json", exclude={"objectives": off})
    for key in section.split("."):
        values = values[key]
    return {section: values}
