"""Any scorer answers in ids, and who has no history is answered by popularity, which is said."""

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from sracl.answers import Answers, OrPopularity
from sracl.datasets.dataset import Dataset
from sracl.evaluation.baselines import BASELINES, BaselineData, RandomOrder
from support.batches import unit_vectors
from support.lists import flat

HISTORIES = [[0, 1, 2], [3, 2], [], [2, 2, 1]]


def dataset() -> Dataset:
    return Dataset(
        pl.DataFrame({"user_id": ["ann", "bob", "cid", "dan"]}),
        pl.DataFrame({"item_id": list("abcde")}),
        flat(HISTORIES),
    )


def answers(name: str = "markov") -> Answers:
    known = dataset()
    return Answers(BASELINES[name](BaselineData(known.histories, 5, unit_vectors(5, 3))), known)


@pytest.mark.parametrize("name", BASELINES)
def test_every_baseline_can_be_recommended_from(name: str) -> None:
    found = answers(name).to_users(["bob", "ann"], k=3, exclude_seen=True)
    assert found.columns == ["user_id", "item_id", "rank", "score"]
    assert set(found.filter(pl.col("user_id") == "ann")["item_id"]) == {"d", "e"}
    assert found.filter(pl.col("user_id") == "bob")["rank"].to_list() == [1, 2, 3]
    by_history = answers(name).to_histories([["d", "c"]], k=3, exclude_seen=True)
    assert by_history.columns == ["history", "item_id", "rank", "score"]
    if name != "random":
        assert by_history["item_id"].to_list() == found.filter(pl.col("user_id") == "bob")["item_id"].to_list()


def test_an_empty_history_is_answered_by_popularity_and_the_others_as_alone() -> None:
    found = answers().to_histories([["a"], [], ["b", "c"]], k=5, exclude_seen=False, source=True)
    empty = found.filter(pl.col("history") == 1)
    assert empty["item_id"].to_list() == ["c", "b", "a", "d", "e"]
    assert empty["score"].to_list() == [4, 2, 1, 1, 0]
    assert dict(found.select("history", "source").unique().iter_rows()) == {0: "model", 1: "popularity", 2: "model"}
    without = answers().to_histories([["a"], ["b", "c"]], k=5, exclude_seen=False)
    rest = found.filter(pl.col("history") != 1).drop("source")
    assert_frame_equal(rest.drop("history"), without.drop("history"))


def test_a_user_without_history_is_answered_by_popularity() -> None:
    found = answers().to_users(["cid", "ann"], k=2, exclude_seen=True, source=True)
    assert found.filter(pl.col("user_id") == "cid").select("item_id", "source").rows() == [
        ("c", "popularity"), ("b", "popularity"),
    ]  # fmt: skip
    assert set(found.filter(pl.col("user_id") == "ann")["source"]) == {"model"}


def test_nobody_gives_the_columns_that_were_asked_for() -> None:
    for source in (False, True):
        full = answers().to_users(["ann"], k=1, exclude_seen=False, source=source)
        assert answers().to_users([], k=1, exclude_seen=False, source=source).schema == full.schema
        full = answers().to_histories([["a"]], k=1, exclude_seen=False, source=source)
        assert answers().to_histories([], k=1, exclude_seen=False, source=source).schema == full.schema


def test_a_scorer_with_popularity_behind_it_keeps_users_beside_their_histories() -> None:
    known = dataset()
    random = RandomOrder(BaselineData(known.histories, 5))
    users = np.arange(4)
    found = OrPopularity(random, known.popularity).score(known.histories, users).numpy()
    filled = known.histories.chosen(np.array([0, 1, 0, 3]))
    expected = random.score(filled, users).numpy()
    expected[2] = known.popularity
    np.testing.assert_array_equal(found, expected)
