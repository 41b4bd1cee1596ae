"""The semantic index: texts, embeddings and neighbours of items and prefixes, on disk and checked by id."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sracl.datasets.dataset import Dataset
from sracl.datasets.prefixes import PrefixPool
from sracl.errors import SraclError
from sracl.files import write_json, written_aside

ITEMS, PROFILES, MANIFEST = "items.parquet", "profiles.parquet", "manifest.json"
ITEM_EMBEDDINGS, PREFIX_EMBEDDINGS = "item_embeddings.npy", "prefix_embeddings.npy"
ITEM_NEIGHBORS, PREFIX_NEIGHBORS = "item_neighbors.npy", "prefix_neighbors.npy"
VECTORS = "vectors.sqlite"


@dataclass(frozen=True)
class SemanticIndex:
    """What retrieval found, in the data set's numbering.

    pool: numbers the prefixes. prefix_embeddings: float32 `[P, D]`. item_neighbors: int32 `[N, k]`;
    prefix_neighbors: int32 `[P, k]`; -1 where there are fewer than k. item_embeddings: float32 `[N, D]`, None where
    neighbours alone were found. Arrays may be memory-mapped.
    """

    pool: PrefixPool
    prefix_embeddings: NDArray[np.float32]
    item_neighbors: NDArray[np.int32]
    prefix_neighbors: NDArray[np.int32]
    item_embeddings: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        prefixes = len(self.pool)
        if len(self.prefix_embeddings) != prefixes or len(self.prefix_neighbors) != prefixes:
            raise SraclError(
                f"the pool has {prefixes} prefixes, but there are {len(self.prefix_embeddings)} embeddings and "
                f"{len(self.prefix_neighbors)} rows of neighbours; run `sracl neighbors` again"
            )

    @classmethod
    def load(cls, folder: Path, dataset: Dataset, pool: PrefixPool) -> "SemanticIndex":
        """Open a folder `semantics/`, memory-mapped. Raises SraclError where it does not belong to the data.

        Arrays are joined with the data by the ids in `items.parquet` and `profiles.parquet`, which are checked, and
        with these texts by the digest in the manifest.
        """
        check_same_texts(folder, "items", read_items(folder, dataset))
        check_same_texts(folder, "profiles", read_profiles(folder, dataset, pool))
        return cls(
            pool=pool,
            prefix_embeddings=open_array(folder / PREFIX_EMBEDDINGS, len(pool)),
            item_neighbors=checked_neighbors(
                open_array(folder / ITEM_NEIGHBORS, dataset.item_count), dataset.item_count
            ),
            prefix_neighbors=checked_neighbors(open_array(folder / PREFIX_NEIGHBORS, len(pool)), len(pool)),
            item_embeddings=open_array(folder / ITEM_EMBEDDINGS, dataset.item_count),
        )


def load_item_embeddings(folder: Path, dataset: Dataset) -> NDArray[np.float32]:
    """Embeddings of the items' texts, float32 `[N, D]`, memory-mapped. Raises SraclError where they do not belong."""
    check_same_texts(folder, "items", read_items(folder, dataset))
    return open_array(folder / ITEM_EMBEDDINGS, dataset.item_count)


def items_in_order(items: pl.DataFrame, dataset: Dataset) -> pl.DataFrame:
    """A writer's table of items in the catalogue's order. Raises SraclError unless each item has exactly one row."""
    wanted = dataset.catalogue.select("item_id")
    return _joined(wanted, items, ["item_id"], "items")


def profiles_in_order(profiles: pl.DataFrame, dataset: Dataset, pool: PrefixPool) -> pl.DataFrame:
    """A writer's table of profiles in the pool's order. Raises SraclError unless each prefix has exactly one row."""
    return _joined(prefix_ids(dataset, pool), profiles, ["user_id", "position"], "prefixes")


def prefix_ids(dataset: Dataset, pool: PrefixPool) -> pl.DataFrame:
    """Columns `user_id, position` (int32), a row a prefix of the pool, in its order."""
    owners = np.repeat(np.arange(len(pool.sequences)), pool.sequences.lengths)
    users = dataset.users["user_id"].gather(pl.Series(owners, dtype=pl.UInt32))
    return pl.DataFrame({"user_id": users, "position": pool.positions.astype(np.int32)})


def texts_digest(texts: pl.DataFrame) -> str:
    """SHA-256 of a table of texts: ids, texts and their order."""
    digest = hashlib.sha256()
    for part in texts.drop("source").iter_slices(65_536):
        digest.update(part.write_csv(include_header=False).encode())
    return digest.hexdigest()


def read_items(folder: Path, dataset: Dataset) -> pl.DataFrame:
    """`items.parquet`. Raises SraclError unless it has exactly the catalogue's items, in its order."""
    items = read_table(folder / ITEMS, ["item_id", "text", "source"])
    if not items["item_id"].equals(dataset.catalogue["item_id"], check_names=False):
        raise SraclError(f"{folder / ITEMS} was written for other items; run `sracl describe` again")
    return items


def read_profiles(folder: Path, dataset: Dataset, pool: PrefixPool) -> pl.DataFrame:
    """`profiles.parquet`. Raises SraclError unless it has exactly the pool's prefixes, in its order."""
    profiles = read_table(folder / PROFILES, ["user_id", "position", "text", "source"])
    if not profiles.select("user_id", "position").equals(prefix_ids(dataset, pool)):
        raise SraclError(f"{folder / PROFILES} was written for other prefixes; run `sracl describe` again")
    return profiles


def write_table(path: Path, table: pl.DataFrame) -> None:
    """Write a table as Parquet, whole or not at all."""
    with written_aside(path) as aside:
        table.write_parquet(aside, compression="zstd")


def write_array(path: Path, array: NDArray[Any]) -> None:
    """Write an array as .npy, whole or not at all."""
    with written_aside(path) as aside, aside.open("wb") as file:
        np.save(file, array, allow_pickle=False)


def open_array(path: Path, rows: int) -> NDArray[Any]:
    """Memory-map an array of so many rows. Raises SraclError where it is missing, damaged or of another length."""
    try:
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise SraclError(f"{path} is missing or damaged ({error}); run the stage that writes it again") from error
    if array.ndim != 2 or len(array) != rows:
        raise SraclError(f"{path} has the shape {array.shape}, but {rows} rows are needed; run its stage again")
    return array


def read_manifest(folder: Path) -> dict[str, Any]:
    """`manifest.json`, or nothing where it is not there yet. Raises SraclError for a damaged one."""
    path = folder / MANIFEST
    if not path.exists():
        return {}
    try:
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise SraclError(f"{path} is damaged ({error}); run `sracl describe` again") from error
    return manifest


def add_to_manifest(folder: Path, **facts: Any) -> None:
    """Record facts about the folder's contents, keeping what is recorded already."""
    write_json(folder / MANIFEST, read_manifest(folder) | facts)


def check_same_texts(folder: Path, kind: str, texts: pl.DataFrame) -> None:
    """Raise SraclError if the embeddings of `kind` (`items`, `profiles`) were made from other texts than these."""
    recorded = read_manifest(folder).get("embedded_texts", {}).get(kind)
    if recorded != texts_digest(texts):
        raise SraclError(f"the embeddings in {folder} were made from other {kind} texts; run `sracl embed` again")


def _joined(wanted: pl.DataFrame, table: pl.DataFrame, keys: list[str], kind: str) -> pl.DataFrame:
    table = table.with_columns(pl.col(key).cast(wanted.schema[key]) for key in keys)
    distinct = table.select(keys).n_unique()
    if distinct != table.height or table.height != wanted.height:
        raise SraclError(f"the writer gave {table.height} rows for {distinct} {kind}; {wanted.height} are wanted")
    joined = wanted.join(table, on=keys, how="left", maintain_order="left")
    if joined["source"].null_count():
        missing = joined.filter(pl.col("source").is_null()).row(0)[: len(keys)]
        raise SraclError(f"the writer left {joined['source'].null_count()} {kind} out, such as {missing}")
    return joined


def read_table(path: Path, columns: list[str]) -> pl.DataFrame:
    """Columns of a table. Raises SraclError where it is missing or damaged."""
    try:
        return pl.read_parquet(path, glob=False).select(columns)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise SraclError(f"{path} is missing or damaged; run `sracl describe` again") from error


def checked_neighbors(neighbors: NDArray[Any], rows: int) -> NDArray[Any]:
    """The neighbours, where they name rows below `rows` only. Raises SraclError for others."""
    lowest, highest = (int(neighbors.min()), int(neighbors.max())) if neighbors.size else (-1, -1)
    if lowest < -1 or highest >= rows:
        raise SraclError("the neighbours name rows that do not exist; run `sracl neighbors` again")
    return neighbors
