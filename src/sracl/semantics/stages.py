"""The three semantic stages: describe, embed, neighbours. Each reads and writes a folder `semantics/`."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from sracl.config import RunConfig
from sracl.datasets.dataset import Dataset
from sracl.datasets.prefixes import PrefixPool
from sracl.datasets.splits import Split
from sracl.engines import LOCAL, Engine
from sracl.errors import SraclError
from sracl.files import written_aside
from sracl.semantics import index
from sracl.semantics.embeddings import embed_prefixes, embed_profiles, embed_texts
from sracl.semantics.encoders import Encoder
from sracl.semantics.pool import assert_training_only, prefix_pool, same_user_share
from sracl.semantics.prefix_neighbors import prefix_neighbors
from sracl.semantics.retrieval import Exclusion
from sracl.semantics.search import Found, configured_search
from sracl.semantics.vectors import VectorStore
from sracl.semantics.writers import Writer

OnProgress = Callable[[int], None]


def pool_of(split: Split, config: RunConfig) -> PrefixPool:
    """The prefixes that the run's protocol admits; under `strict` that they are training's is asserted."""
    pool = prefix_pool(split, config.protocol, config.dataset.max_length)
    if config.protocol == "strict":
        assert_training_only(pool, split)
    return pool


@dataclass(frozen=True)
class KnownTexts:
    """Texts that stay as they are: `item_id, text, source` of items, `user_id, position, text, source` of prefixes."""

    items: pl.DataFrame
    profiles: pl.DataFrame

    def new_items(self, dataset: Dataset) -> NDArray[np.int64]:
        """Numbers of the items that none of these texts describes."""
        return _missing(dataset.catalogue.select("item_id"), self.items, ["item_id"])

    def new_prefixes(self, dataset: Dataset, pool: PrefixPool) -> NDArray[np.int64]:
        """Numbers of the prefixes that have no row here."""
        return _missing(index.prefix_ids(dataset, pool), self.profiles, ["user_id", "position"])


def _missing(wanted: pl.DataFrame, known: pl.DataFrame, keys: list[str]) -> NDArray[np.int64]:
    numbered = wanted.with_row_index("number").with_columns(pl.col("number").cast(pl.Int64))
    return numbered.join(known, on=keys, how="anti").sort("number")["number"].to_numpy()


def describe(
    folder: Path,
    dataset: Dataset,
    pool: PrefixPool,
    writer: Writer,
    config: RunConfig,
    known: KnownTexts | None = None,
) -> None:
    """Write `items.parquet` and `profiles.parquet`. known: texts that stay; only what lacks one is written."""
    items, profiles = written_texts(dataset, pool, writer, known)
    save_texts(folder, items, profiles, writer.name, config, dataset)


def written_texts(
    dataset: Dataset, pool: PrefixPool, writer: Writer, known: KnownTexts | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A writer's texts of items, in the catalogue's order, and of prefixes, in the pool's; `known` as in `describe`."""
    if known is None:
        items, profiles = writer.describe_items(dataset, pool), writer.write_profiles(dataset, pool)
    else:
        new_items, new_prefixes = known.new_items(dataset), known.new_prefixes(dataset, pool)
        items = known.items.join(dataset.catalogue, on="item_id", how="semi")
        prefixes = index.prefix_ids(dataset, pool)
        profiles = known.profiles.join(prefixes, on=["user_id", "position"], how="semi")
        if len(new_items):
            items = pl.concat([items, writer.describe_items(dataset, pool, new_items)])
        if len(new_prefixes):
            profiles = pl.concat([profiles, writer.write_profiles(dataset, pool, new_prefixes)])
    return index.items_in_order(items, dataset), index.profiles_in_order(profiles, dataset, pool)


def save_texts(
    folder: Path, items: pl.DataFrame, profiles: pl.DataFrame, writer: str, config: RunConfig, dataset: Dataset
) -> None:
    """Write the tables of texts and what the manifest says of them. writer: its name."""
    index.write_table(folder / index.ITEMS, items)
    index.write_table(folder / index.PROFILES, profiles)
    index.add_to_manifest(
        folder,
        protocol=config.protocol,
        split=config.dataset.split.kind,
        writer=writer,
        domain=config.semantics.domain or dataset.domain,
        profiles=config.semantics.profiles,
        items=items.height,
        items_without_text=items["text"].null_count(),
        prefixes=profiles.height,
        prefixes_without_text=profiles["text"].null_count(),
        asserted=["pool holds training interactions only"] if config.protocol == "strict" else [],
    )


def texts_to_embed(folder: Path, dataset: Dataset, pool: PrefixPool) -> tuple[list[str], list[str]]:
    """Distinct texts of items, and of profiles, that `embed` embeds."""
    tables = index.read_items(folder, dataset), index.read_profiles(folder, dataset, pool)
    items, profiles = (table["text"].drop_nulls().unique(maintain_order=True).to_list() for table in tables)
    return items, profiles


def embed(
    folder: Path, dataset: Dataset, pool: PrefixPool, encoder: Encoder, on_progress: OnProgress, engine: Engine = LOCAL
) -> None:
    """Write `item_embeddings.npy` and `prefix_embeddings.npy`, a row a row of the tables of texts.

    What is encoded goes to `vectors.sqlite` first, so that an interrupted embedding goes on where it was.
    """
    items = index.read_items(folder, dataset)
    profiles = index.read_profiles(folder, dataset, pool)
    with (
        VectorStore(folder / index.VECTORS, encoder.name) as store,
        written_aside(folder / index.PREFIX_EMBEDDINGS) as aside,
    ):
        vectors = embed_texts(items["text"], encoder, on_progress, store, engine)
        index.write_array(folder / index.ITEM_EMBEDDINGS, vectors)
        shape = (len(pool), vectors.shape[1])
        prefixes = open_memmap(aside, mode="w+", dtype=np.float32, shape=shape)
        embed_prefixes(pool, vectors, prefixes)
        embed_profiles(profiles, prefixes, encoder, on_progress, store, engine)
        prefixes.flush()
    index.add_to_manifest(
        folder,
        encoder=encoder.name,
        dimension=int(vectors.shape[1]),
        prefix_embedding="mean of the items' embeddings where there is no profile",
        embedded_texts={"items": index.texts_digest(items), "profiles": index.texts_digest(profiles)},
    )


def find_neighbors(
    folder: Path,
    dataset: Dataset,
    split: Split,
    config: RunConfig,
    on_progress: OnProgress,
    engine: Engine = LOCAL,
) -> None:
    """Write `item_neighbors.npy` and `prefix_neighbors.npy`, found within `semantics.memory_mb`."""
    pool = pool_of(split, config)
    index.check_same_texts(folder, "items", index.read_items(folder, dataset))
    index.check_same_texts(folder, "profiles", index.read_profiles(folder, dataset, pool))
    items = index.open_array(folder / index.ITEM_EMBEDDINGS, dataset.item_count)
    prefixes = index.open_array(folder / index.PREFIX_EMBEDDINGS, len(pool))
    search = configured_search(config.semantics, engine)
    found_items = search(items, exclusion=Exclusion.itself(len(items)), on_progress=on_progress)
    found_prefixes = prefix_neighbors(prefixes, pool, config, on_progress, engine)
    of_items, of_prefixes = found_items.neighbours, found_prefixes.neighbours
    share = same_user_share(pool, of_prefixes)
    if config.protocol == "strict" and share > 0:
        raise SraclError(f"under `strict` no neighbour may be the same user's, but {share:.2%} are")
    index.write_array(folder / index.ITEM_NEIGHBORS, of_items)
    index.write_array(folder / index.PREFIX_NEIGHBORS, of_prefixes)
    index.add_to_manifest(
        folder,
        neighbors=config.semantics.neighbors,
        neighbors_of=config.semantics.neighbors_of,
        search={"items": _told(found_items), "prefixes": _told(found_prefixes)},
        same_user_share=share,
        items_without_neighbors=int((of_items[:, 0] < 0).sum()),
        prefixes_without_neighbors=int((of_prefixes[:, 0] < 0).sum()),
        asserted=(
            ["pool holds training interactions only", "no neighbour is a prefix of the same user"]
            if config.protocol == "strict"
            else []
        ),
    )


def _told(found: Found) -> dict[str, Any]:
    return {"method": found.method, "recall": found.recall, "recall_by_effort": found.tried}
