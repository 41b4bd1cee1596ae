"""Items that come after a run's training: their texts, their embeddings, and a model that knows them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sracl.datasets.catalogue import build_catalogue
from sracl.datasets.dataset import same_ids
from sracl.datasets.identifiers import numbered_ids
from sracl.datasets.prefixes import PrefixPool
from sracl.datasets.report import PrepareReport
from sracl.datasets.sequences import Sequences
from sracl.datasets.tables import open_table
from sracl.errors import InputError
from sracl.semantics import index
from sracl.semantics.embeddings import embed_texts
from sracl.semantics.encoders import ConfiguredEncoder
from sracl.semantics.index import load_item_embeddings
from sracl.semantics.vectors import VectorStore
from sracl.semantics.writers import make_writer

if TYPE_CHECKING:
    from sracl.pipeline.run import Run


def extend(run: Run, items: Path, output: Path) -> pl.DataFrame:
    """Write the run's model with the items of a table that it does not know yet; returns their catalogue rows.

    The table has the columns of the run's own table of items. Described and embedded as the run's items were, but
    without histories, for there are none. The run stays as it is; `output` is a model of its own. Raises InputError for
    a table without anything new, and for a run whose items have no embeddings.
    """
    new = new_items(run, items)
    if not (run.folder / "semantics" / index.ITEM_EMBEDDINGS).exists():
        raise InputError(
            f"{run.folder} holds no embeddings of its items' texts, for nothing in it reads them.\n"
            f"Make them: sracl evaluate {run.folder / 'config.yaml'} -o 'evaluation.baselines=[text-similarity]'"
        )
    known = np.asarray(load_item_embeddings(run.folder / "semantics", run.dataset))
    texts = embeddings_of_new_items(run, texts_of_new_items(run, new))
    model = run.load_model()
    trained = np.bincount(run.split.training.values, minlength=run.dataset.item_count) > 0
    model.add_items(new, texts, known, run.config.cold_items, trained).save(output)
    return new


def new_items(run: Run, path: Path) -> pl.DataFrame:
    """Catalogue rows of the items of a table that the run does not know, in the order of their ids."""
    table, column = open_table(path, "items"), run.config.dataset.columns.item
    table.need(column, "item ids", ".item")
    for text in run.dataset.text_columns:
        table.need(text, "an item's text", ".text")
    known = run.dataset.catalogue["item_id"]
    ids = numbered_ids(table, column, "item")["id"]
    comparable = same_ids(ids, known)
    if comparable.null_count():
        bad = ids.filter(comparable.is_null())
        raise InputError(f"{path}: {len(bad)} item id(s) are no {known.dtype} as the run's are, such as {bad[0]!r}")
    fresh = comparable.filter(~comparable.is_in(known.implode()))
    if not len(fresh):
        raise InputError(f"{path}: the run knows all of its {len(ids):,} items already; there is nothing to add")
    return build_catalogue(table, column, run.dataset.text_columns, fresh.alias("item_id"), PrepareReport())


def texts_of_new_items(run: Run, items: pl.DataFrame) -> pl.DataFrame:
    """Columns `item_id, text, source` of catalogue rows, by the run's writer, which has no histories to read."""
    nobody = Sequences.from_lengths(np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int64))
    alone = replace(run.dataset, users=run.dataset.users.clear(), catalogue=items, histories=nobody, times=None)
    with run.display.asking() as on_progress:
        writer = make_writer(run.config.semantics, on_progress, run.engine)
        pool = PrefixPool(nobody, run.config.dataset.max_length)
        return index.items_in_order(writer.describe_items(alone, pool), alone)


def embeddings_of_new_items(run: Run, texts: pl.DataFrame) -> NDArray[np.float32]:
    """Unit vectors of such texts, by the run's encoder; the run's store keeps them."""
    encoder = ConfiguredEncoder(run.config.semantics.encoder)
    with (
        VectorStore(run.folder / "semantics" / index.VECTORS, encoder.name) as store,
        run.display.counting(f"new items' texts through {encoder.name}", texts.height) as advance,
    ):
        return embed_texts(texts["text"], encoder, advance, store, run.engine)
