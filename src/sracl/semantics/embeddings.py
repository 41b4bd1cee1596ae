"""Texts to unit vectors: items by the encoder, prefixes as the mean of their items."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sracl.datasets.prefixes import PrefixPool
from sracl.engines import LOCAL, Engine
from sracl.errors import SraclError
from sracl.mapped import let_go
from sracl.semantics.encoders.base import Encoder
from sracl.semantics.vectors import VectorStore

PREFIXES_A_BLOCK = 16_384


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
    if store is None:
        vectors = _encoded(distinct.to_list(), encoder, on_progress, engine)
    else:
        encode_missing(distinct.to_list(), encoder, store, on_progress, engine)
        vectors = _stored(distinct.to_list(), encoder, store)
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
        let_go(result)
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

    profiles: column `text`, a row a prefix, null where there is none. With a store, vectors go there and from there to
    their rows, a block at a time, so that no more than a block's are held in memory.
    """
    texts = profiles["text"]
    if store is None:
        written = texts.is_not_null()
        if written.any():
            prefixes[written.to_numpy()] = embed_texts(texts.filter(written), encoder, on_progress, engine=engine)
        return
    encode_missing(texts.drop_nulls().unique(maintain_order=True).to_list(), encoder, store, on_progress, engine)
    for begin in range(0, len(texts), PREFIXES_A_BLOCK):
        block = texts.slice(begin, PREFIXES_A_BLOCK)
        rows = block.is_not_null().arg_true().to_numpy()
        if len(rows):
            prefixes[begin + rows] = _stored(block.drop_nulls().to_list(), encoder, store)
            let_go(prefixes)


def encode_missing(
    texts: Sequence[str],
    encoder: Encoder,
    store: VectorStore,
    on_progress: Callable[[int], None],
    engine: Engine = LOCAL,
) -> None:
    """Encode those of some distinct texts that the store lacks, longest first, and store them batch by batch.

    What an interruption loses is the batch that each worker had under way.
    """
    known = store.known(texts)
    on_progress(len(known))
    for part, vectors in _batches([text for text in texts if text not in known], encoder, engine):
        store.put(dict(zip(part, vectors, strict=True)))
        on_progress(len(part))


def _stored(texts: Sequence[str], encoder: Encoder, store: VectorStore) -> NDArray[np.float32]:
    """The stored vectors of texts, float32 `[len(texts), D]`."""
    found = store.get(texts)
    _check_widths(found, encoder, f"; delete {store.path}")
    return np.stack([found[text] for text in texts])


def _encoded(
    texts: Sequence[str], encoder: Encoder, on_progress: Callable[[int], None], engine: Engine
) -> NDArray[np.float32]:
    """Vectors of distinct texts, float32 `[len(texts), D]`, kept in memory only."""
    found: dict[str, NDArray[np.float32]] = {}
    for part, vectors in _batches(texts, encoder, engine):
        found |= dict(zip(part, vectors, strict=True))
        on_progress(len(part))
    _check_widths(found, encoder, "")
    return np.stack([found[text] for text in texts])


def _check_widths(vectors: Mapping[str, NDArray[np.float32]], encoder: Encoder, advice: str) -> None:
    widths = {len(vector) for vector in vectors.values()}
    if len(widths) > 1:
        raise SraclError(f"{encoder.name} gives vectors of {sorted(widths)} numbers: it has changed{advice}")


def _batches(texts: Sequence[str], encoder: Encoder, engine: Engine) -> Iterator[tuple[list[str], NDArray[np.float32]]]:
    """Batches of texts with their unit vectors as they come; texts of like length share a batch, the longest first."""
    ordered = sorted(texts, key=len, reverse=True)
    size = encoder.batch_size
    parts = [ordered[begin : begin + size] for begin in range(0, len(ordered), size)]
    return engine.map_blocks(_encoding, encoder, parts)


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
