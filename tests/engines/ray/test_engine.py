"""Ray's workers do what this process does, to the bit, whatever happens to them."""

import os

import numpy as np
import polars as pl
import pytest

from engines.contract import EngineContract
from sracl.config import EncoderConfig
from sracl.datasets.named import load_named
from sracl.engines import Engine
from sracl.engines.ray.engine import RayEngine
from sracl.errors import SraclError
from sracl.semantics.approximate import ApproximateSearch
from sracl.semantics.embeddings import embed_texts
from sracl.semantics.encoders import ConfiguredEncoder
from sracl.semantics.retrieval import Exclusion, nearest
from sracl.semantics.vectors import VectorStore
from support.engine_work import adding, dying_once
from support.neighbours import clustered

pytestmark = pytest.mark.slow


class TestRay(EngineContract):
    workers = 2

    @pytest.fixture
    def engine(self, ray: RayEngine) -> Engine:
        return ray


def test_the_work_is_done_by_other_processes(ray) -> None:
    processes = {process for _, (_, process) in ray.map_blocks(adding, 1, range(40))}
    assert processes
    assert os.getpid() not in processes


def test_what_a_killed_worker_had_is_done_again(ray, tmp_path) -> None:
    assert sorted(block for block, _ in ray.map_blocks(dying_once, tmp_path, range(20))) == list(range(20))
    assert (tmp_path / "died").exists()


def test_neighbours_are_the_same_to_the_bit(ray) -> None:
    vectors, offsets = clustered(3_000)
    exclusion, told = Exclusion.same_owner(offsets), []
    memory = 4 * len(vectors) * 700
    found = nearest(vectors, 10, exclusion, memory, told.append, engine=ray)
    np.testing.assert_array_equal(found, nearest(vectors, 10, exclusion, memory))
    assert len(told) == 5
    assert sum(told) == len(vectors)
    some = np.arange(0, 3_000, 7)
    np.testing.assert_array_equal(nearest(vectors, 10, exclusion, memory, queries=some, engine=ray), found[some])


def test_approximate_neighbours_are_the_same_to_the_bit(ray) -> None:
    vectors, offsets = clustered(3_000)
    search, told = ApproximateSearch(vectors, 10, Exclusion.same_owner(offsets), memory=1 << 23), []
    np.testing.assert_array_equal(search.nearest(on_progress=told.append, engine=ray), search.nearest())
    assert len(told) > 3
    assert sum(told) == len(vectors)


def test_embeddings_are_the_same_to_the_bit_and_stored(ray, tmp_path) -> None:
    try:
        films = load_named("ml-100k").items.collect()
    except SraclError as error:
        pytest.skip(str(error))
    texts = films.select(pl.concat_str(pl.selectors.string(), separator=", ", ignore_nulls=True)).to_series()[:300]
    encoder = ConfiguredEncoder(EncoderConfig(batch_size=32))
    with VectorStore(tmp_path / "ray.sqlite", encoder.name) as store:
        found = embed_texts(texts, encoder, store=store, engine=ray)
        kept = store.get(texts.to_list())
    with VectorStore(tmp_path / "local.sqlite", encoder.name) as store:
        np.testing.assert_array_equal(found, embed_texts(texts, encoder, store=store))
        here = store.get(texts.to_list())
    assert kept.keys() == here.keys()
    assert all((kept[text] == here[text]).all() for text in here)
