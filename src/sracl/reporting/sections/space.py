"""Maps of the items: what was learnt, and what their texts say, in two dimensions and coloured by category."""

from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

from sracl.datasets.sequences import Int64
from sracl.errors import SraclError
from sracl.reporting.categories import Categories, categories_of
from sracl.reporting.charts.map import point_map, swatches
from sracl.reporting.charts.svg import Chart
from sracl.reporting.material import Material
from sracl.reporting.section import MissingPartError, Section
from sracl.reporting.tables import Table, count, percent, plural
from sracl.semantics.index import load_item_embeddings

FEWEST = 5
"""Items below which there is nothing to map."""
PERPLEXITY, COMPONENTS = 30.0, 50
"""Of t-SNE; its input is first reduced to so many principal components."""
NEAR = 10
"""Neighbours that are looked at for a common category."""


@dataclass(frozen=True)
class Space:
    """name and title of a space; vectors: unit rows `[n, D]` of the items on the map."""

    name: str
    title: str
    vectors: NDArray[np.float32]


def space(material: Material) -> Section:
    """A map for each space, the key that they share, and how alike neighbours' categories are."""
    categories = categories_of(material.dataset.catalogue, material.settings.category)
    chosen = _chosen(material)
    if len(chosen) < FEWEST:
        raise MissingPartError(
            f"There are only {plural(len(chosen), 'item')} with training interactions: too few for a map."
        )
    of = categories.of[chosen] if categories else np.full(len(chosen), -1)
    spaces, missing = _spaces(material, chosen)
    charts = [_chart(one, of, categories, material.config.seed) for one in spaces]
    return Section(
        "space",
        "Map of the items",
        {
            "charts": charts,
            "key": _key(categories, of) if categories else [],
            "column": categories.column if categories else None,
            "shown": count(len(chosen)),
            "whole": len(chosen) == material.dataset.item_count,
            "missing": missing,
        },
    )


def _chosen(material: Material) -> Int64:
    """Items that training knows, as many as the settings allow, drawn at random."""
    known = np.flatnonzero(material.popularity > 0)
    if len(known) <= material.settings.points:
        return known
    return np.sort(material.generator.choice(known, material.settings.points, replace=False))


def _spaces(material: Material, chosen: Int64) -> tuple[list[Space], str | None]:
    learnt = material.model.backbone.item_table.detach().float().cpu().numpy()[chosen]
    found = [Space("learnt", "Where training put them", unit(learnt))]
    if not material.dataset.text_columns:
        return found, "The items have no text, so there is no map of texts."
    try:
        texts = np.asarray(load_item_embeddings(material.run.folder / "semantics", material.dataset)[chosen])
    except SraclError:
        return found, "The run's folder holds no embeddings of the items' texts, so there is no map of texts."
    return [*found, Space("texts", "Where their texts put them", unit(texts.astype(np.float32)))], None


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows of length 1; zeros stay."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(norms > 0, norms, 1.0), dtype=np.float32)


def in_two_dimensions(vectors: NDArray[np.float32], seed: int) -> NDArray[np.float64]:
    """t-SNE `[n, 2]` of unit rows `[n, D]`, begun from their principal components; the same for the same seed.

    Rows that are all the same lie in one point.
    """
    if (vectors == vectors[0]).all():
        return np.zeros((len(vectors), 2))
    components = min(COMPONENTS, *vectors.shape)
    reduced = PCA(components, random_state=seed).fit_transform(vectors)
    perplexity = min(PERPLEXITY, (len(vectors) - 1) / 3)
    begin = "pca" if components > 1 else "random"
    found = TSNE(perplexity=perplexity, init=begin, random_state=seed, n_jobs=1).fit_transform(reduced)
    return np.asarray(found, dtype=np.float64)


def alike(vectors: NDArray[np.float32], of: Int64) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """For each item `[n]`: the share of its nearest others that are of its category, and that share by chance."""
    near = min(NEAR, len(vectors) - 1)
    likeness = vectors @ vectors.T
    np.fill_diagonal(likeness, -np.inf)
    nearest = np.argpartition(-likeness, near - 1, axis=1)[:, :near]
    sizes = np.bincount(of)
    return (of[nearest] == of[:, None]).mean(axis=1), (sizes[of] - 1) / (len(of) - 1)


def _chart(one: Space, of: Int64, categories: Categories | None, seed: int) -> Chart:
    points = in_two_dimensions(one.vectors, seed)
    if categories is None:
        table = Table(one.title, ("items", "number"), [("on the map", count(len(of)))])
        return point_map(
            f"map-{one.name}", one.title, "Items that lie close together are alike.", points, of, table, ()
        )
    same, chance = alike(one.vectors, of)
    told = (
        f"Of an item's {min(NEAR, len(of) - 1)} nearest others {percent(float(same.mean()))} are of its own category; "
        f"by chance it would be {percent(float(chance.mean()))}."
    )
    rows = [
        (name, count(int((of == number).sum())), percent(float(same[of == number].mean())),
         percent(float(chance[of == number].mean())))
        for number, name in enumerate(categories.names)
        if (of == number).any()
    ]  # fmt: skip
    columns = (categories.column, "items", "nearest others of the same", "by chance")
    table = Table(one.title, columns, rows)
    return point_map(f"map-{one.name}", one.title, told, points, _drawn(of, categories), table, categories.names)


def _drawn(of: Int64, categories: Categories) -> Int64:
    """Numbers of marks: those of `other` get the last one, -1 being drawn plainly."""
    return np.where(of == len(categories.names) - 1, -1, of) if categories.names[-1] == "other" else of


def _key(categories: Categories, of: Int64) -> list[tuple[int, Markup, str, str]]:
    """Number of the mark, its picture, the category, and how many items of it are on the map."""
    names = list(categories.names)
    numbers = [-1 if name == "other" and place == len(names) - 1 else place for place, name in enumerate(names)]
    return [
        (number, mark, name, count(int((of == place).sum())))
        for place, (number, mark, name) in enumerate(zip(numbers, swatches(numbers), names, strict=True))
    ]
