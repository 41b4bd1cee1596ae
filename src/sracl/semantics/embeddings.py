"""Texts to unit vectors: items by the encoder, prefixes as the mean of their items."""

from collections.abc import Callable
from functools import partial

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sracl.datasets.prefixes import PrefixPool
from sracl.engines import LOCAL, Engine
from sracl.errors import SraclError
from sracl.semantics.encoders.base import Encoder
from sracl.semantics.vectors import VectorStore

PREFIXES_A_BLOCK = 16_384
TEXTS_A_PART = 256
"""Texts that a worker encodes before they are stored: what an interruption loses at most of each."""


def embed_texts(
    texts: pl.Series,
    encoder: Encoder,
    on_progress: Callable[[int], None] = lambda texts: None,
    store: VectorStore | None = None,
    engine: Engine = LOCAL,
) -> NDArray[np.float32]:
    """Unit vectors of texts, float32 `[len(texts), D]`, zeros where a text is null. Equal texts are encoded once.

    store: keeps what is encoded, and what it has is not encoded again. engine: whose workers encode.
    Raises SraclError where the encoder gives a wrong number of vectors, NaN, or a vector of zeros.
    """
    distinct = texts.drop_nulls().unique(maintain_order=True)
    if len(distinct) == 0:
        raise SraclError("no item has a text: nothing can be embedded")
    vectors = _vectors(distinct.to_list(), encoder, on_progress, store, engine)
    numbers = texts.to_frame("text").join(
        pl.DataFrame({"text": distinct, "number": np.arange(len(distinct))}),
        on="text",
        how="left",
        maintain_order="left",
    )["number"]
    result = np.zeros((len(texts), vectors.shape[1]), dtype=np.float32)
    known = numbers.is_not_null().to_numpy()
    result[known] = vectors[numbers.drop_nulls().to_numpy()]
    return result


def embed_prefixes(
    pool: PrefixPool, item_embeddings: NDArray[np.float32], result: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """Mean of the items' embeddings of every prefix, normalised, float32 `[P, D]`; zeros where none has a text.

    Works on blocks of users by running sums, so that a prefix costs two rows rather than `max_length`; `result` may
    be a memory-mapped array to fill.
    """
    dimension = item_embeddings.shape[1]
    if result is None:
        result = np.empty((len(pool), dimension), dtype=np.float32)
    offsets, values = pool.sequences.offsets, pool.sequences.values
    for begin, end in _blocks_of_whole_users(offsets):
        sums = np.zeros((end - begin + 1, dimension))
        np.cumsum(item_embeddings[values[begin:end]], axis=0, dtype=np.float64, out=sums[1:])
        numbers = np.arange(begin, end)
        lengths = np.minimum(numbers - offsets[pool.users_of(numbers)] + 1, pool.max_length)
        last = numbers - begin + 1
        means = (sums[last] - sums[last - lengths]) / lengths[:, None]
        norms = np.linalg.norm(means, axis=1, keepdims=True)
        # Running sums leave rounding errors of 1e-13 or so where the true mean is zero.
        result[begin:end] = np.where(norms > 1e-9, means / np.maximum(norms, 1e-9), 0.0)
    return result


def embed_profiles(
    profiles: pl.DataFrame,
    prefixes: NDArray[np.float32],
    encoder: Encoder,
    on_progress: Callable[[int], None] = lambda texts: None,
    store: VectorStore | None = None,
    engine: Engine = LOCAL,
) -> None:
    """Replace the mean in `prefixes` `[P, D]` by the profile's own embedding where a writer wrote one.

    profiles: column `text`, a row a prefix, null where there is none.
    """
    written = profiles["text"].is_not_null()
    if written.any():
        texts = profiles["text"].filter(written)
        prefixes[written.to_numpy()] = embed_texts(texts, encoder, on_progress, store, engine)


def _vectors(
    texts: list[str], encoder: Encoder, on_progress: Callable[[int], None], store: VectorStore | None, engine: Engine
) -> NDArray[np.float32]:
    """Unit vectors of distinct texts: from the store, else encoded, longest first, and stored as they come."""
    found = store.get(texts) if store else {}
    on_progress(len(found))
    missing = sorted((text for text in texts if text not in found), key=len, reverse=True)
    parts = [missing[begin : begin + TEXTS_A_PART] for begin in range(0, len(missing), TEXTS_A_PART)]
    for part, vectors in engine.map_blocks(_encoding, encoder, parts):
        new = dict(zip(part, vectors, strict=True))
        if store:
            store.put(new)
        found |= new
        on_progress(len(part))
    widths = {len(vector) for vector in found.values()}
    if len(widths) > 1:
        raise SraclError(
            f"{encoder.name} gives vectors of {sorted(widths)} numbers: it has changed"
            + (f"; delete {store.path}" if store else "")
        )
    return np.stack([found[text] for text in texts])


def _encoding(encoder: Encoder) -> Callable[[list[str]], NDArray[np.float32]]:
    return partial(unit_vectors, encoder)


def unit_vectors(encoder: Encoder, texts: list[str]) -> NDArray[np.float32]:
    """Unit vectors of texts, float32 `[len(texts), D]`.

    Raises SraclError where the encoder gives a wrong number of vectors, NaN, or a vector of zeros.
    """
    vectors = np.array(encoder.encode(texts), dtype=np.float32)
    if vectors.ndim != 2 or len(vectors) != len(texts):
        raise SraclError(f"{encoder.name} gave an array {vectors.shape} for {len(texts)} texts")
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not np.isfinite(norms).all() or not (norms > 0).all():
        bad = int(np.flatnonzero(~(np.isfinite(norms) & (norms > 0))[:, 0])[0])
        raise SraclError(f"{encoder.name} gave NaN or nothing for the text {texts[bad][:80]!r}")
    vectors /= norms
    return vectors


def _blocks_of_whole_users(offsets: NDArray[np.int64]) -> list[tuple[int, int]]:
    total = int(offsets[-1])
    wished = np.arange(0, total + PREFIXES_A_BLOCK, PREFIXES_A_BLOCK)
    cuts = np.unique(offsets[np.searchsorted(offsets, np.minimum(wished, total))])
    return list(zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True))
