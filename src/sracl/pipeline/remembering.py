"""The stage that puts a memory of transitions beside the trained model, or takes it away."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sracl.recommender import Recommender
from sracl.transition_memory import configured_memory

if TYPE_CHECKING:
    from sracl.pipeline.run import Run


def remember(run: Run) -> None:
    """Count the transitions of training, choose their weight where none is given, and save the model with them."""
    model = Recommender.load(run.folder / "model", run.own_backbone, with_memory=False)
    found = configured_memory(run.config.transition_memory, model.alone, run.split, run.dataset.item_count)
    if found.tried:
        rows = [
            ("the model alone" if one is None else f"{one:g}", f"{value:.4f}") for one, value in found.tried.items()
        ]
        run.display.counts("concentration: validation NDCG@10, seen items removed", rows)
    if found.memory is not None:
        run.display.say(
            f"  {found.memory.total:,} transitions of training, of which the model counts for "
            f"{found.memory.concentration:g}"
        )
    elif found.tried:
        run.display.say("  no transition helps: the model answers alone")
    replace(model, memory=found.memory).save(run.folder / "model")
