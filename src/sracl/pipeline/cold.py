"""Items without interactions in a run: their texts, their vectors, and how those held out are found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from sracl.datasets.held_out import HeldOutItems
from sracl.evaluation.baselines import BaselineData, RandomOrder, TextSimilarity
from sracl.evaluation.cold import AmongItems, CategoryPopularity
from sracl.evaluation.evaluate import Scorer, evaluate
from sracl.pipeline.new_items import embeddings_of_new_items, texts_of_new_items
from sracl.semantics import index
from sracl.semantics.index import load_item_embeddings

if TYPE_CHECKING:
    from sracl.pipeline.run import Run

HELD_OUT = "held_out"
"""Folder of the prepared data that holds the items held out."""
COLD_ITEMS, COLD_EMBEDDINGS = "cold_items.parquet", "cold_embeddings.npy"
"""In `semantics/`: texts and embeddings of the items held out."""


def describe_and_embed(run: Run) -> None:
    """Texts and embeddings of the items held out, by the run's writer and encoder."""
    items = HeldOutItems.load(run.folder / "dataset" / HELD_OUT).catalogue
    texts = texts_of_new_items(run, items)
    index.write_table(run.folder / "semantics" / COLD_ITEMS, texts)
    index.write_array(run.folder / "semantics" / COLD_EMBEDDINGS, embeddings_of_new_items(run, texts))


def measure_cold_items(run: Run) -> dict[str, Any]:
    """How the items held out are found after training; prints it, and returns what `metrics.json` holds of it."""
    held = HeldOutItems.load(run.folder / "dataset" / HELD_OUT)
    known = run.dataset.item_count
    split = held.split(known)
    cold = np.arange(known + len(held)) >= known
    cutoffs = run.config.evaluation.measured_cutoffs
    among: dict[str, dict[str, Any]] = {"cold_items": {}, "all_items": {}}
    for name, scorer in _scorers(run, held):
        for what, asked in (("cold_items", AmongItems(scorer, cold)), ("all_items", scorer)):
            found = evaluate(asked, split, "test", cutoffs)
            among[what][name] = {"test": found.kept, "test_unseen": found.unseen}
    for what, rows in among.items():
        title = f"cold items, ranked among {what.replace('_', ' ')}, seen items kept"
        run.display.metrics(title, {name: parts["test"] for name, parts in rows.items()}, _shown(rows))
    return {
        "items": len(held),
        "share": run.config.dataset.cold_items.share,
        "targets": len(split.test),
        "targets_left_out_without_history": split.test.without_history,
        "method": run.config.cold_items.method,
        **{f"among_{what}": rows for what, rows in among.items()},
    }


def _scorers(run: Run, held: HeldOutItems) -> Iterator[tuple[str, Scorer]]:
    """Everything that ranks the items held out, what needs no model first."""
    texts = load_item_embeddings(run.folder / "semantics", run.dataset)
    cold_texts = index.open_array(run.folder / "semantics" / COLD_EMBEDDINGS, len(held))
    all_texts = np.concatenate([texts, cold_texts])
    data = BaselineData(run.split.training, len(all_texts), all_texts)
    yield "random", RandomOrder(data)
    column = run.config.cold_items.category
    if column is not None:
        categories = pl.concat([run.dataset.catalogue[column], held.catalogue[column]])
        yield "popularity of the category", CategoryPopularity.of(categories, data.popularity)
    yield "text-similarity", TextSimilarity(data)
    model = run.load_model()
    trained = np.bincount(run.split.training.values, minlength=run.dataset.item_count) > 0
    grown = model.add_items(held.catalogue, cold_texts, texts, run.config.cold_items, trained)
    yield "model", grown.scorer


def _shown(rows: dict[str, dict[str, Any]]) -> list[str]:
    first = next(iter(rows.values()))["test"]
    return [name for name in first if not name.startswith("MRR") or name == "MRR@10"]
