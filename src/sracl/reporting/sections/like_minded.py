"""Like-minded people: histories beside those that retrieval found nearest, of which the cross-sequence loss learns."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from sracl.datasets.sequences import Int64
from sracl.errors import SraclError
from sracl.reporting.material import Material
from sracl.reporting.section import MissingPartError, Section
from sracl.reporting.tables import cut
from sracl.semantics.index import SemanticIndex, read_profiles

HISTORIES, SHOWN = 3, 3
"""Histories that are looked at, and neighbours of each."""
ITEMS = 5
"""Most recent items of a history."""
FEWEST = 3
"""Training interactions of somebody whose history is drawn."""
LONGEST = 400
"""Characters of a profile."""


@dataclass(frozen=True)
class History:
    """titles: the most recent last; earlier: how many more came before; next: what followed in training, or None.

    profile: what a language model wrote of it, empty where nobody did; likeness: to the history that it is beside.
    """

    titles: list[str]
    earlier: int
    next: str | None
    profile: str
    likeness: str = ""


@dataclass(frozen=True)
class Case:
    """A history and its nearest."""

    name: str
    own: History
    near: list[History]


def like_minded(material: Material) -> Section:
    """Some people's whole training histories, each beside the nearest ones of others."""
    run = material.run
    if not run.objectives.semantic:
        raise MissingPartError("The run trained nothing that compares histories by their texts.")
    try:
        found = SemanticIndex.load(run.folder / "semantics", run.dataset, run.pool)
        profiles = read_profiles(run.folder / "semantics", run.dataset, run.pool)["text"]
    except SraclError:
        raise MissingPartError("The neighbours of histories are missing in the run's folder or damaged.") from None
    cases = [_case(material, found, profiles, number, row) for number, row in enumerate(_drawn(material, found), 1)]
    return Section(
        "like-minded", "Like-minded people", {"cases": cases, "profiled": profiles.null_count() < len(profiles)}
    )


def _drawn(material: Material, found: SemanticIndex) -> list[int]:
    """Numbers of the longest prefixes of some people, drawn at random."""
    sequences = found.pool.sequences
    users = np.flatnonzero(sequences.lengths >= FEWEST)
    chosen = material.generator.choice(users, min(HISTORIES, len(users)), replace=False)
    return [int(row) for row in sequences.offsets[chosen + 1] - 1]


def _case(material: Material, found: SemanticIndex, profiles: pl.Series, number: int, row: int) -> Case:
    near = found.prefix_neighbors[row]
    near = near[near >= 0][:SHOWN].astype(np.int64)
    likeness = np.asarray(found.prefix_embeddings[near]) @ np.asarray(found.prefix_embeddings[row])
    rows: Int64 = np.concatenate([[row], near])
    told = [
        _history(material, found, profiles, int(one), value)
        for one, value in zip(rows, ["", *(f"{value:.2f}" for value in likeness.tolist())], strict=True)
    ]
    return Case(f"History {number}", told[0], told[1:])


def _history(material: Material, found: SemanticIndex, profiles: pl.Series, row: int, likeness: str) -> History:
    sequences = found.pool.sequences
    owner = int(found.pool.users_of(np.array([row]))[0])
    begin, end = int(sequences.offsets[owner]), int(sequences.offsets[owner + 1])
    items = sequences.values[begin : row + 1]
    following = int(sequences.values[row + 1]) if row + 1 < end else None
    return History(
        [material.titles[item] for item in items[-ITEMS:].tolist()],
        max(len(items) - ITEMS, 0),
        None if following is None else material.titles[following],
        cut(profiles[row] or "", LONGEST),
        likeness,
    )
