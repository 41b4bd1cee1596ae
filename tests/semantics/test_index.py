"""The index joins everything by id, and refuses what belongs to other data."""

import dataclasses
import json

import numpy as np
import polars as pl
import pytest

from sracl.datasets.prefixes import PrefixPool
from sracl.errors import SraclError
from sracl.semantics import index
from sracl.semantics.index import SemanticIndex, items_in_order, profiles_in_order, texts_digest
from sracl.semantics.stages import pool_of
from support.small_semantics import indexed, small_config, small_dataset


@pytest.fixture
def made(tmp_path, minilm):
    dataset, config = small_dataset(), small_config()
    split = indexed(tmp_path, dataset, config, minilm)
    return tmp_path, dataset, pool_of(split, config)


def test_an_index_comes_back_with_neighbours_of_like_texts(made) -> None:
    folder, dataset, pool = made
    loaded = SemanticIndex.load(folder, dataset, pool)
    assert loaded.prefix_embeddings.shape == (len(pool), 384)
    assert loaded.item_neighbors.dtype == loaded.prefix_neighbors.dtype == np.int32
    best = loaded.item_neighbors[:, 0].tolist()
    assert [best[2], best[3], best[4], best[5]] == [3, 2, 5, 4]
    assert loaded.item_neighbors[6].tolist() == [-1, -1, -1], "an item without a text has no neighbours"
    assert 6 not in loaded.item_neighbors


def test_a_writers_rows_are_joined_by_id_whatever_their_order(made) -> None:
    _, dataset, pool = made
    items = dataset.catalogue.select("item_id", text=pl.col("title"), source=pl.lit("me"))
    assert items_in_order(items.reverse(), dataset).equals(items)
    profiles = index.prefix_ids(dataset, pool).with_columns(text=pl.lit("x"), source=pl.lit("me"))
    assert profiles_in_order(profiles.sample(fraction=1, shuffle=True, seed=1), dataset, pool).equals(profiles)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda items: items.head(3), "3 rows for 3 items; 8 are wanted"),
        (lambda items: pl.concat([items, items.head(1)]), "9 rows for 8 items"),
        (lambda items: items.with_columns(item_id=pl.col("item_id") + 1), "left 8 items out"),
    ],
)
def test_a_writer_that_leaves_items_out_or_repeats_them_is_refused(change, told: str) -> None:
    dataset = small_dataset()
    items = dataset.catalogue.select("item_id", text=pl.col("title"), source=pl.lit("me"))
    with pytest.raises(SraclError, match=told):
        items_in_order(change(items), dataset)


def test_texts_of_other_items_are_refused(made) -> None:
    folder, dataset, pool = made
    other = dataclasses.replace(dataset, catalogue=dataset.catalogue.with_columns(item_id=pl.col("item_id") + 1))
    with pytest.raises(SraclError, match="written for other items; run `sracl describe` again"):
        SemanticIndex.load(folder, other, pool)


def test_prefixes_of_other_histories_are_refused(made) -> None:
    folder, dataset, pool = made
    with pytest.raises(SraclError, match="written for other prefixes; run `sracl describe` again"):
        SemanticIndex.load(folder, dataset, PrefixPool(pool.sequences.shortened(1), 4))


def test_embeddings_of_other_texts_are_refused(made) -> None:
    folder, dataset, pool = made
    items = index.read_items(folder, dataset)
    index.write_table(folder / index.ITEMS, items.with_columns(text=pl.col("text") + "!"))
    with pytest.raises(SraclError, match="made from other items texts; run `sracl embed` again"):
        SemanticIndex.load(folder, dataset, pool)


@pytest.mark.parametrize("name", [index.PREFIX_EMBEDDINGS, index.ITEM_NEIGHBORS, index.PREFIX_NEIGHBORS])
def test_an_array_that_is_missing_cut_or_of_another_count_is_refused(made, name: str) -> None:
    folder, dataset, pool = made
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[:-10])
    with pytest.raises(SraclError, match="missing or damaged"):
        SemanticIndex.load(folder, dataset, pool)
    index.write_array(folder / name, np.zeros((2, 3), np.int32))
    with pytest.raises(SraclError, match=r"shape \(2, 3\)"):
        SemanticIndex.load(folder, dataset, pool)
    (folder / name).unlink()
    with pytest.raises(SraclError, match="missing or damaged"):
        SemanticIndex.load(folder, dataset, pool)


def test_neighbours_that_do_not_exist_are_refused(made) -> None:
    folder, dataset, pool = made
    index.write_array(folder / index.ITEM_NEIGHBORS, np.full((8, 3), 8, np.int32))
    with pytest.raises(SraclError, match="rows that do not exist"):
        SemanticIndex.load(folder, dataset, pool)


def test_a_damaged_manifest_is_named(made) -> None:
    folder, dataset, pool = made
    (folder / index.MANIFEST).write_text("{")
    with pytest.raises(SraclError, match=r"manifest\.json is damaged"):
        SemanticIndex.load(folder, dataset, pool)


def test_the_digest_depends_on_ids_texts_and_order() -> None:
    table = pl.DataFrame({"item_id": [1, 2], "text": ["a", "b"], "source": ["x", "x"]})
    digests = {
        texts_digest(table),
        texts_digest(table.reverse()),
        texts_digest(table.with_columns(text=pl.lit("a"))),
        texts_digest(table.with_columns(item_id=pl.lit(1))),
    }
    assert len(digests) == 4
    assert texts_digest(table) == texts_digest(table.with_columns(source=pl.lit("y")))


def test_the_manifest_says_what_was_made_and_asserted(made) -> None:
    folder, _, pool = made
    manifest = json.loads((folder / index.MANIFEST).read_text())
    assert manifest["protocol"] == "strict"
    assert manifest["writer"] == "template"
    assert manifest["encoder"] == "all-MiniLM-L6-v2"
    assert manifest["dimension"] == 384
    assert (manifest["items"], manifest["items_without_text"]) == (8, 1)
    assert manifest["prefixes"] == len(pool)
    assert manifest["same_user_share"] == 0
    assert manifest["asserted"] == [
        "pool holds training interactions only",
        "no neighbour is a prefix of the same user",
    ]
