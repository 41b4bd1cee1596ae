"""Embeddings: is each prefix's what its own items or its own text give, and nothing later?"""

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sracl.auditing.evidence import Evidence
from sracl.auditing.findings import Finding, Verdict
from sracl.semantics import index
from sracl.semantics.vectors import VectorStore

TOLERANCE = 1e-3
"""Largest difference of unit vectors that rounding makes."""
ROWS = 4_096
"""Prefixes compared at a time."""
SAMPLE = 2_000
"""Texts whose embeddings are looked up, drawn evenly."""
LOOK_AHEAD = 3
"""How many later items are tried to explain an embedding that its prefix does not."""


def check_embeddings(evidence: Evidence) -> Iterator[Finding]:
    """Prefixes without a text against the mean of their items; texts against the vectors kept by text."""
    folder = evidence.semantics
    if not (folder / index.PREFIX_EMBEDDINGS).exists():
        return
    items = index.open_array(folder / index.ITEM_EMBEDDINGS, evidence.dataset.item_count)
    prefixes = index.open_array(folder / index.PREFIX_EMBEDDINGS, len(evidence.positions))
    written = evidence.profiles["text"].is_not_null().to_numpy()
    if not written.all():
        yield _means(evidence, items, prefixes, np.flatnonzero(~written))
    yield _texts(evidence, items, prefixes)


def _means(
    evidence: Evidence, items: NDArray[np.float32], prefixes: NDArray[np.float32], rows: NDArray[np.int64]
) -> Finding:
    odd = rows[~_are_means_of(evidence, items, prefixes, rows, 0)]
    there = [odd[evidence.positions[odd] + ahead <= _lengths(evidence, odd)] for ahead in range(1, LOOK_AHEAD + 1)]
    explained = [some[_are_means_of(evidence, items, prefixes, some, n)] for n, some in enumerate(there, 1)]
    later = len(np.unique(np.concatenate(explained)))
    counts: dict[str, int | float] = {"prefixes": len(rows), "not_their_items": len(odd), "of_later_items": later}
    if later:
        told = f"{later:,} of {len(rows):,} are those of a longer prefix: they hold the item that is asked for"
        return Finding("prefix embeddings", Verdict.LEAK, told, counts)
    if len(odd):
        told = f"{len(odd):,} of {len(rows):,} are not the mean of their items; what they hold is not known"
        return Finding("prefix embeddings", Verdict.UNPROVEN, told, counts)
    return Finding("prefix embeddings", Verdict.CLEAN, f"all {len(rows):,} are the mean of their own items", counts)


def _lengths(evidence: Evidence, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    return evidence.dataset.histories.lengths[evidence.users[rows]]


def _are_means_of(
    evidence: Evidence,
    items: NDArray[np.float32],
    prefixes: NDArray[np.float32],
    rows: NDArray[np.int64],
    ahead: int,
) -> NDArray[np.bool_]:
    """Whether these rows hold the mean of their user's prefix with so many items more."""
    same = np.empty(len(rows), dtype=bool)
    for begin in range(0, len(rows), ROWS):
        part = rows[begin : begin + ROWS]
        numbers = evidence.whole.number(evidence.users[part], evidence.positions[part] + ahead)
        read = evidence.whole.items(numbers)
        sums = np.add.reduceat(items[read.values], read.offsets[:-1], axis=0, dtype=np.float64)
        norms = np.linalg.norm(sums, axis=1, keepdims=True)
        means = np.where(norms > TOLERANCE, sums / np.maximum(norms, TOLERANCE), 0.0)
        same[begin : begin + ROWS] = np.abs(means - prefixes[part]).max(axis=1) < TOLERANCE
    return same


def _texts(evidence: Evidence, items: NDArray[np.float32], prefixes: NDArray[np.float32]) -> Finding:
    """A sample of texts, looked up among the vectors that were kept by text when they were embedded."""
    path = evidence.semantics / index.VECTORS
    encoder = index.read_manifest(evidence.semantics).get("encoder")
    if not path.exists() or encoder is None:
        told = "the vectors kept by text are not there, so that texts and embeddings cannot be compared"
        return Finding("text embeddings", Verdict.UNPROVEN, told)
    looked = found = other = 0
    with VectorStore(path, encoder) as store:
        for texts, vectors in ((evidence.items["text"], items), (evidence.profiles["text"], prefixes)):
            rows = _sample(texts)
            wanted = [str(texts[int(row)]) for row in rows]
            kept = store.get(wanted)
            known = np.array([text in kept for text in wanted], dtype=bool)
            looked, found = looked + len(rows), found + int(known.sum())
            if known.any():
                expected = np.stack([kept[text] for text in wanted if text in kept])
                other += int((np.abs(expected - vectors[rows[known]]).max(axis=1) > TOLERANCE).sum())
    counts = {"sampled": looked, "known_by_text": found, "differ": other}
    if other or found < looked:
        told = (
            f"of {looked:,} sampled texts {found:,} have a vector kept by text, and {other:,} embeddings differ from it"
        )
        return Finding("text embeddings", Verdict.UNPROVEN, told, counts)
    return Finding("text embeddings", Verdict.CLEAN, f"{looked:,} sampled embeddings are those of their texts", counts)


def _sample(texts: pl.Series) -> NDArray[np.int64]:
    rows = texts.is_not_null().arg_true().to_numpy().astype(np.int64)
    return (
        rows[np.unique(np.linspace(0, len(rows) - 1, min(SAMPLE, len(rows))).astype(np.int64))] if len(rows) else rows
    )
