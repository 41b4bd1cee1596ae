"""The semantic stages keep to the protocol, from the texts to the neighbours."""

import json

import numpy as np
import polars as pl

from sracl.semantics import index, search
from sracl.semantics.index import SemanticIndex
from sracl.semantics.stages import embed, find_neighbors, pool_of
from support.small_semantics import described, indexed, small_config, small_dataset


def test_under_strict_no_neighbour_is_a_prefix_of_the_same_user(tmp_path, minilm) -> None:
    dataset, config = small_dataset(), small_config()
    split = indexed(tmp_path, dataset, config, minilm)
    pool = pool_of(split, config)
    neighbours = SemanticIndex.load(tmp_path, dataset, pool).prefix_neighbors
    queries, columns = np.nonzero(neighbours >= 0)
    assert len(queries)
    assert (pool.users[queries] != pool.users[neighbours[queries, columns]]).all()


def test_neighbours_of_the_last_are_shared_and_never_the_same_users(tmp_path, minilm) -> None:
    dataset, config = small_dataset(), small_config(semantics={"neighbors": 3, "neighbors_of": "last"})
    split = indexed(tmp_path, dataset, config, minilm)
    pool = pool_of(split, config)
    neighbours = SemanticIndex.load(tmp_path, dataset, pool).prefix_neighbors
    assert (neighbours[:2] == neighbours[2]).all(), "of one user"
    found = neighbours[neighbours >= 0]
    assert len(found)
    assert (found == pool.sequences.offsets[pool.users[found] + 1] - 1).all()
    manifest = json.loads((tmp_path / index.MANIFEST).read_text())
    assert manifest["neighbors_of"] == "last"
    assert manifest["same_user_share"] == 0


def test_under_paper_the_same_users_prefixes_are_there_and_the_share_is_recorded(tmp_path, minilm) -> None:
    dataset, config = small_dataset(), small_config(protocol="paper")
    split = indexed(tmp_path, dataset, config, minilm)
    pool = pool_of(split, config)
    assert len(pool) > len(pool_of(split, small_config()))
    manifest = json.loads((tmp_path / index.MANIFEST).read_text())
    assert manifest["protocol"] == "paper"
    assert manifest["same_user_share"] > 0.2
    assert manifest["asserted"] == []
    neighbours = SemanticIndex.load(tmp_path, dataset, pool).prefix_neighbors
    assert (neighbours != np.arange(len(pool))[:, None]).all(), "a prefix is never its own neighbour"


def test_a_profile_is_embedded_itself_and_the_rest_as_the_mean(tmp_path, minilm) -> None:
    dataset, config = small_dataset(), small_config()
    split = described(tmp_path, dataset, config)
    pool = pool_of(split, config)
    embed(tmp_path, dataset, pool, minilm, lambda texts: None)
    means = np.load(tmp_path / index.PREFIX_EMBEDDINGS)
    profiles = index.read_profiles(tmp_path, dataset, pool)
    written = pl.Series(["She likes wet and dry razors."] + [None] * (len(pool) - 1), dtype=pl.String)
    index.write_table(tmp_path / index.PROFILES, profiles.with_columns(text=written))
    embed(tmp_path, dataset, pool, minilm, lambda texts: None)
    vectors = np.load(tmp_path / index.PREFIX_EMBEDDINGS)
    np.testing.assert_array_equal(vectors[1:], means[1:])
    expected = minilm.encode(["She likes wet and dry razors."])[0]
    np.testing.assert_allclose(vectors[0], expected / np.linalg.norm(expected), atol=1e-5)


def test_nothing_half_written_is_left_where_an_encoder_fails(tmp_path, minilm) -> None:
    dataset, config = small_dataset(), small_config()
    split = described(tmp_path, dataset, config)
    before = sorted(path.name for path in tmp_path.iterdir())

    class Failing:
        name, batch_size = "failing", 8

        def encode(self, texts, on_progress=lambda texts: None):
            raise KeyboardInterrupt

    try:
        embed(tmp_path, dataset, pool_of(split, config), Failing(), lambda texts: None)
    except KeyboardInterrupt:
        left = {path.name for path in tmp_path.iterdir() if not path.name.startswith(index.VECTORS)}
        assert sorted(left) == before
    else:
        raise AssertionError("the encoder's failure was swallowed")


def test_progress_counts_every_query_once(tmp_path, minilm) -> None:
    dataset, config = small_dataset(), small_config()
    split = indexed(tmp_path, dataset, config, minilm)
    told: list[int] = []
    find_neighbors(tmp_path, dataset, split, config, told.append)
    assert sum(told) == dataset.item_count + len(pool_of(split, config))


def test_the_manifest_tells_how_was_searched_and_what_it_found(tmp_path, minilm, monkeypatch) -> None:
    monkeypatch.setattr(search, "LEAST_FLOP", 0)
    dataset, config = small_dataset(), small_config()
    split = indexed(tmp_path, dataset, config, minilm)
    approximate = config.semantics.model_copy(update={"search": "approximate", "recall": 0.5})
    find_neighbors(tmp_path, dataset, split, config.model_copy(update={"semantics": approximate}), lambda queries: None)
    told = json.loads((tmp_path / index.MANIFEST).read_text())["search"]["prefixes"]
    assert told["method"] == "approximate"
    assert 0.5 <= told["recall"] == list(told["recall_by_effort"].values())[-1]
