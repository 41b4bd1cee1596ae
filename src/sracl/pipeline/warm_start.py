"""After an update training goes on from the model before it, and new items begin where their texts put them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from sracl.cold_items import Known, vectors_of
from sracl.config import TrainingConfig
from sracl.datasets.dataset import Dataset, places_of
from sracl.datasets.splits import make_split
from sracl.objectives.training_objective import TrainingObjective
from sracl.pipeline.updates import BEFORE
from sracl.semantics import index
from sracl.semantics.index import load_item_embeddings
from sracl.training.checkpoint import load_tensors
from sracl.training.loop import BEST, LAST
from sracl.training.warm_start import Items, NewVectors, warm_start

if TYPE_CHECKING:
    from sracl.pipeline.run import Run


def start_from_before(run: Run, name: str, objective: TrainingObjective) -> bool:
    """Begin from what the training `name` had learnt before the run's last update; whether there was such, which fits.

    An item's row of the table is its own from before; a new one's is made from its text as `cold_items` says, or is the
    mean of all trained where there are no texts. What a training that was interrupted has learnt since takes its place.
    """
    folder = run.folder / BEFORE / "checkpoints" / name
    known = run.past.known
    if known is None or not (folder / BEST).exists():
        return False
    others = load_tensors(folder / LAST)[0] if (folder / LAST).exists() else {}
    others = {key.removeprefix("model."): weight for key, weight in others.items() if key.startswith("model.")}
    backbone = load_tensors(folder / BEST)[0]
    earlier = places_of(known.catalogue["item_id"], run.dataset.catalogue["item_id"])
    items = Items(known.item_count, torch.from_numpy(earlier))
    why = warm_start(objective, backbone, others, items, _from_texts(run, known, items))
    if why is not None:
        run.display.say(f"  the model before the update is another ({why}): training begins from chance")
    return why is None


def training_of(run: Run, warm: bool) -> TrainingConfig:
    """The loop's settings: those of `update` where training goes on from another."""
    if not warm:
        return run.config.training
    return run.config.training.model_copy(update=run.config.update.model_dump(exclude_none=True))


def _from_texts(run: Run, known: Dataset, items: Items) -> NewVectors:
    """Makes vectors of new items out of a trained table `[N, w]`."""
    trained = np.bincount(make_split(known, run.config.dataset.split).training.values, minlength=known.item_count) > 0
    fresh = (items.numbers < 0).numpy()
    texts = None
    if (run.folder / "semantics" / index.ITEM_EMBEDDINGS).exists() and run.reads_texts:
        texts = np.asarray(load_item_embeddings(run.folder / "semantics", run.dataset))

    def made(table: Float[Tensor, "N w"]) -> Float[Tensor, "M w"]:
        if texts is None or not texts[~fresh].any():
            return table[torch.from_numpy(trained)].mean(dim=0).expand(int(fresh.sum()), -1)
        before = np.zeros((known.item_count, texts.shape[1]), dtype=np.float32)
        before[items.numbers.numpy()[~fresh]] = texts[~fresh]
        learnt = Known.among(before, table.float().numpy(), trained)
        return torch.from_numpy(vectors_of(learnt, texts[fresh], run.config.cold_items))

    return made
