"""Nearest neighbours of some items, by their texts and by what was learnt, side by side with the texts."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sracl.datasets.sequences import Int64
from sracl.errors import SraclError
from sracl.reporting.material import Material
from sracl.reporting.section import Section
from sracl.reporting.sections.space import unit
from sracl.reporting.tables import cut, plural
from sracl.semantics import index

ITEMS, SHOWN = 6, 5
"""Items that are looked at, and neighbours of each."""
LONGEST = 280
"""Characters of a text that are shown."""
ROWS_AT_ONCE = 65_536


@dataclass(frozen=True)
class Neighbour:
    """title; text: what was embedded, cut; likeness: the cosine, as text."""

    title: str
    text: str
    likeness: str


@dataclass(frozen=True)
class Looked:
    """An item with its text, how popular it is, and its neighbours in each space (`None`: not in the run)."""

    title: str
    text: str
    popularity: str
    by_texts: list[Neighbour] | None
    by_training: list[Neighbour]


def neighbours(material: Material) -> Section:
    """Some items from the popular to the rare, each with both lists."""
    table, vectors, found, missing = _texts(material)
    texts = table["text"].fill_null("") if table is not None else None
    chosen = _chosen(material)
    learnt = unit(material.model.backbone.item_table.detach().float().cpu().numpy())
    looked = []
    for item in chosen.tolist():
        by_texts = None
        if found is not None and vectors is not None:
            near = found[item][found[item] >= 0][:SHOWN].astype(np.int64)
            by_texts = _told(material, texts, near, np.asarray(vectors[near]) @ np.asarray(vectors[item]))
        near, likeness = _nearest(learnt, item)
        looked.append(
            Looked(
                material.titles[item],
                _text(texts, item),
                plural(int(material.popularity[item]), "training interaction"),
                by_texts,
                _told(material, texts, near, likeness),
            )
        )
    # Models' names, or `template`.
    writers = [] if table is None else sorted(table["source"].drop_nulls().unique().to_list())
    return Section("neighbours", "Nearest neighbours", {"looked": looked, "missing": missing, "writers": writers})


def _texts(
    material: Material,
) -> tuple[pl.DataFrame | None, NDArray[np.float32] | None, NDArray[np.int32] | None, str | None]:
    """The table of texts, their embeddings, their neighbours as retrieval found them, and what is missing of these."""
    folder, count = material.run.folder / "semantics", material.dataset.item_count
    if not material.dataset.text_columns:
        return None, None, None, "The items have no text: what is shown is by training alone."
    table: pl.DataFrame | None = None
    try:
        table = index.read_items(folder, material.dataset)
        vectors = index.load_item_embeddings(folder, material.dataset)
        found = index.checked_neighbors(index.open_array(folder / index.ITEM_NEIGHBORS, count), count)
    except SraclError:
        return table, None, None, "The run has no neighbours by texts: it trained nothing that compares texts."
    return table, vectors, found, None


def _chosen(material: Material) -> Int64:
    """Items at random from as many steps of popularity, the popular first."""
    known = np.flatnonzero(material.popularity > 0)
    ordered = known[np.argsort(-material.popularity[known], kind="stable")]
    # Each step has as many interactions as the others, so that not all items are ones that hardly anybody knows.
    steps = np.cumsum(material.popularity[ordered]) * ITEMS / material.popularity.sum()
    of = np.minimum(np.ceil(steps - 1e-9).astype(int) - 1, ITEMS - 1)
    return np.array([material.generator.choice(ordered[of == step]) for step in np.unique(of)], dtype=np.int64)


def _nearest(table: NDArray[np.float32], item: int) -> tuple[Int64, NDArray[np.float32]]:
    likeness = table @ table[item]
    likeness[item] = -np.inf
    near = np.argsort(-likeness, kind="stable")[: min(SHOWN, len(table) - 1)]
    return near, likeness[near]


def _told(material: Material, texts: pl.Series | None, items: Int64, likeness: NDArray[np.floating]) -> list[Neighbour]:
    return [
        Neighbour(material.titles[item], _text(texts, item), f"{value:.2f}")
        for item, value in zip(items.tolist(), likeness.tolist(), strict=True)
    ]


def _text(texts: pl.Series | None, item: int) -> str:
    return "" if texts is None else cut(texts[item], LONGEST)
