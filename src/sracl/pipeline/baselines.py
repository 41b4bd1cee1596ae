"""The baselines of a run: each made from its training data, evaluated, and let go before the next is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from sracl.backbones.base import Backbone
from sracl.backbones.scorer import BackboneScorer
from sracl.evaluation.baselines import BASELINES, Baseline, BaselineData
from sracl.evaluation.baselines.settings import label_of
from sracl.evaluation.evaluate import Scorer
from sracl.pipeline.naming import trained_name
from sracl.recommender import remembers
from sracl.semantics.index import load_item_embeddings
from sracl.training.assembly import make_plain_objective
from sracl.training.checkpoint import load_tensors
from sracl.training.loop import BEST

if TYPE_CHECKING:
    from sracl.pipeline.run import Run


def baselines_of(run: Run) -> Iterator[tuple[str, Scorer]]:
    """Every configured baseline with the name that tables and records give it, made when it is asked for."""
    for name, make in baseline_makers(run):
        yield name, make()


def baseline_makers(run: Run) -> Iterator[tuple[str, Callable[[], Scorer]]]:
    """The same, not made yet.

    Where the model has a memory, the model without it comes first. A baseline that compares texts is left out where
    there are none, which is said; the plain backbone where the model is one.
    """
    if remembers(run.folder / "model"):
        yield trained_name(run), lambda: run.load_model().alone
    for baseline in run.config.evaluation.without_training:
        if BASELINES[baseline.name].needs_texts and not run.dataset.text_columns:
            run.display.say(f"  {baseline.name} compares texts, and the items have none: it is left out")
        else:
            label = label_of(baseline.name, baseline.settings)
            yield label, partial(make_baseline, run, baseline.name, baseline.settings)
    if run.config.evaluation.plain_backbone and run.trained.more_than_plain:
        yield f"plain {run.config.backbone.name}", lambda: BackboneScorer(plain_backbone(run))


def make_baseline(run: Run, name: str, settings: Mapping[str, Any] | None = None) -> Baseline:
    """A baseline from the run's training data, and the items' embeddings where it compares texts."""
    kind = BASELINES[name]
    embeddings = None
    if kind.needs_texts:
        embeddings = np.asarray(load_item_embeddings(run.folder / "semantics", run.dataset))
    return kind(BaselineData(run.split.training, run.dataset.item_count, embeddings), **(settings or {}))


def plain_backbone(run: Run) -> Backbone:
    """The backbone that was trained without contrastive losses, with its best weights."""
    objective = make_plain_objective(run.config, run.dataset.item_count, run.split.training, run.own_backbone)
    objective.backbone.load_state_dict(load_tensors(run.folder / "checkpoints" / "backbone" / BEST)[0])
    return objective.backbone
