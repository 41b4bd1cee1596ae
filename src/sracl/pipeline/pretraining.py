"""The stage `pretrain`, and what the stage `train` takes over from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sracl.backbones.base import Backbone
from sracl.item_embeddings import Texts
from sracl.pipeline.watchers import watched
from sracl.semantics.index import load_item_embeddings
from sracl.training.assembly import make_pretraining, pretraining_settings
from sracl.training.batches import TrainingRows
from sracl.training.checkpoint import load_tensors
from sracl.training.loop import BEST
from sracl.training.loop import pretrain as run_pretraining

if TYPE_CHECKING:
    from sracl.pipeline.run import Run

NAME = "pretrained"
"""Of its folder under `checkpoints/`, and in `log.jsonl`."""
OF_TRAINING = tuple(f"training.{key}" for key in ("learning_rate", "targets_per_step", "precision", "processes"))
"""What it takes from the section `training`: all but how long it lasts."""


def pretrain(run: Run) -> None:
    """What the backbone learns before it learns the next item; leaves `checkpoints/pretrained/`."""
    pretraining = make_pretraining(run.config, run.dataset, run.split.training, run.own_backbone, item_texts(run))
    found = {"attributes": len(pretraining.attributes)} | pretraining.loss_weights
    run.display.counts(run.config.pretraining.kind, [(name.replace("_", " "), value) for name, value in found.items()])
    targets = TrainingRows.whole(run.split.training, run.config.dataset.max_length).target_count
    with watched(run, NAME, targets) as (folder, watcher):
        settings = pretraining_settings(run.config)
        run_pretraining(pretraining, run.split, settings, run.config.seed, folder, watcher)


def load_pretrained(run: Run, backbone: Backbone) -> None:
    """Put the weights that `pretrain` left into the backbone, where there was a pre-training and no update since."""
    if run.config.pretraining.switched_on and not run.past:
        backbone.load_state_dict(load_tensors(run.folder / "checkpoints" / NAME / BEST)[0])


def item_texts(run: Run) -> Texts | None:
    """Embeddings of the items' texts, where item vectors are made of them."""
    if not run.config.item_embedding.needs_texts:
        return None
    return load_item_embeddings(run.folder / "semantics", run.dataset)
