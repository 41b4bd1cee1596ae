"""The trained recommender answers by ids, in a stable order, and says what it cannot answer."""

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import torch
from polars.testing import assert_frame_equal

from sracl import answers as module
from sracl.backbones import BACKBONES, Backbone, SASRec
from sracl.config import BackboneConfig, ColdItemsConfig
from sracl.datasets.dataset import Dataset
from sracl.datasets.sequences import Sequences
from sracl.errors import InputError, SraclError
from sracl.recommender import TRANSITIONS, Recommender
from sracl.training.assembly import make_backbone
from sracl.transition_memory import TransitionMemory
from support.batches import unit_vectors

ITEMS = 9
HISTORIES = ([0, 1, 2], [3, 4], [5, 6, 7, 8, 0, 1, 2, 3, 4], [8])


def recommender(user_ids=("ann", "bob", "cid", "dan"), item_ids=tuple("abcdefghi")) -> Recommender:
    torch.manual_seed(0)
    settings = BackboneConfig(dimension=8, layers=1)
    backbone = SASRec(ITEMS, 8, max_length=4, layers=1).eval()
    for parameter in backbone.parameters():
        torch.nn.init.normal_(parameter)
    values = np.array([item for history in HISTORIES for item in history])
    owners = np.repeat(np.arange(4), [len(history) for history in HISTORIES])
    dataset = Dataset(
        pl.DataFrame({"user_id": user_ids}),
        pl.DataFrame({"item_id": item_ids}),
        Sequences.from_sorted(owners, values, 4),
    )
    return Recommender(backbone, settings, dataset)


def test_items_come_best_first_with_ranks_from_one() -> None:
    found = recommender().recommend(["bob", "ann"], k=5)
    assert found.columns == ["user_id", "item_id", "rank", "score"]
    assert found["user_id"].unique(maintain_order=True).to_list() == ["bob", "ann"]
    for _, rows in found.group_by("user_id", maintain_order=True):
        assert rows["rank"].to_list() == [1, 2, 3, 4, 5]
        assert rows["score"].is_sorted(descending=True)
        assert rows["item_id"].n_unique() == 5


def test_all_users_are_answered_in_their_order_whatever_the_block(monkeypatch) -> None:
    model = recommender()
    whole = model.recommend(k=3)
    assert whole["user_id"].unique(maintain_order=True).to_list() == ["ann", "bob", "cid", "dan"]
    monkeypatch.setattr(module, "DEFAULT_MEMORY", 1)
    assert_frame_equal(model.recommend(k=3), whole, abs_tol=1e-5)


def test_a_history_gives_what_the_user_with_that_history_gets() -> None:
    model = recommender()
    by_user = model.recommend(["ann"], k=4).drop("user_id")
    by_history = model.recommend_histories([["h"], ["a", "b", "c"]], k=4)
    assert_frame_equal(by_history.filter(pl.col("history") == 1).drop("history"), by_user, abs_tol=1e-5)
    assert by_history["history"].unique(maintain_order=True).to_list() == [0, 1]


def test_seen_items_are_left_out_on_demand_even_those_older_than_the_model_reads() -> None:
    model = recommender()
    found = model.recommend(["ann", "cid"], k=9, exclude_seen=True)
    assert set(found.filter(pl.col("user_id") == "ann")["item_id"]) == set("defghi")
    assert found.filter(pl.col("user_id") == "cid").is_empty(), "cid had everything"
    ranks = found.filter(pl.col("user_id") == "ann")["rank"].to_list()
    assert ranks == [1, 2, 3, 4, 5, 6]
    by_history = model.recommend_histories([["a", "a"]], k=9, exclude_seen=True)
    assert set(by_history["item_id"]) == set("bcdefghi")


def test_more_than_there_is_gives_all_there_is() -> None:
    assert recommender().recommend(["ann"], k=100).height == ITEMS


def test_similar_items_leave_the_item_out_and_follow_the_cosine() -> None:
    model = recommender()
    found = model.similar_items(["c", "a"], k=8)
    assert found.columns == ["item_id", "similar_item_id", "rank", "score"]
    assert found["item_id"].unique(maintain_order=True).to_list() == ["c", "a"]
    assert "c" not in found.filter(pl.col("item_id") == "c")["similar_item_id"].to_list()
    table = model.backbone.item_table.detach()
    expected = torch.nn.functional.cosine_similarity(table[2:3], table).tolist()
    for similar, score in found.filter(pl.col("item_id") == "c").select("similar_item_id", "score").iter_rows():
        assert score == pytest.approx(expected["abcdefghi".index(similar)], abs=1e-5)


def test_nobody_and_nothing_give_empty_frames_of_the_same_columns() -> None:
    model = recommender()
    for found, like in (
        (model.recommend([], k=3), model.recommend(["ann"], k=3)),
        (model.recommend_histories([], k=3), model.recommend_histories([["a"]], k=3)),
        (model.similar_items([], k=3), model.similar_items(["a"], k=3)),
    ):
        assert found.is_empty()
        assert found.schema == like.schema


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda m: m.recommend(["eve"]), r"unknown user id.*'eve'"),
        (lambda m: m.recommend([1]), "user ids are String, not Int64"),
        (lambda m: m.recommend("ann"), "a list of ids rather than the single value 'ann'"),
        (lambda m: m.recommend(["ann", 1]), "mixed types"),
        (lambda m: m.recommend(["ann"], k=0), "k is 0"),
        (lambda m: m.recommend(["ann"], k=True), "k is True"),
        (lambda m: m.recommend_histories([["a", "zz"]]), r"unknown item id.*'zz'"),
        (lambda m: m.recommend_histories([["a"]], k=-1), "k is -1"),
        (lambda m: m.similar_items(["zz"]), r"unknown item id.*'zz'"),
        (lambda m: m.similar_items(["a"], k=0), "k is 0"),
    ],
)
def test_what_cannot_be_answered_is_said(call, told: str) -> None:
    with pytest.raises(InputError, match=told):
        call(recommender())


@pytest.mark.parametrize("ids", [(1, 2, 3, 4), ("001", "1", "a b", "ü")])
def test_ids_of_any_type_come_back_unchanged(tmp_path, ids: tuple) -> None:
    model = recommender(user_ids=ids)
    model.save(tmp_path / "model")
    loaded = Recommender.load(tmp_path / "model")
    found = loaded.recommend([ids[1]], k=2)
    assert found["user_id"].to_list() == [ids[1]] * 2
    assert_frame_equal(found, model.recommend([ids[1]], k=2))


def test_a_saved_recommender_loads_alone_and_answers_the_same(tmp_path) -> None:
    model = recommender()
    model.save(tmp_path / "here" / "model")
    assert_frame_equal(Recommender.load(tmp_path / "here" / "model").recommend(k=9), model.recommend(k=9))
    assert_frame_equal(Recommender.load(tmp_path / "here").recommend(k=9), model.recommend(k=9))
    assert sorted(path.name for path in (tmp_path / "here").iterdir()) == ["model"]


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda folder: (folder / "model.json").write_text("{"), r"model\.json is damaged"),
        (lambda folder: (folder / "model.json").write_text('{"format": 99}'), "has the format 99"),
        (lambda folder: (folder / "weights.safetensors").write_bytes(b"rubbish"), r"weights\.safetensors is damaged"),
        (lambda folder: (folder / "weights.safetensors").unlink(), r"weights\.safetensors is damaged"),
    ],
)
def test_a_damaged_recommender_is_refused(tmp_path, damage, told: str) -> None:
    recommender().save(tmp_path / "model")
    damage(tmp_path / "model")
    with pytest.raises(SraclError, match=told):
        Recommender.load(tmp_path / "model")


def test_weights_of_another_width_are_refused(tmp_path) -> None:
    recommender().save(tmp_path / "model")
    path = tmp_path / "model" / "model.json"
    facts = json.loads(path.read_text())
    facts["backbone"]["dimension"] = 16
    path.write_text(json.dumps(facts))
    with pytest.raises(SraclError, match="is damaged"):
        Recommender.load(tmp_path / "model")


class Own(Backbone):
    """A backbone of one's own."""

    causal = True

    def __init__(self, item_count: int, max_length: int, width: int = 8) -> None:
        super().__init__(item_count, width, max_length)

    def encode(self, embedded: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        return embedded.cumsum(dim=1)


def own_recommender(name: str = "mine.py:Own") -> Recommender:
    torch.manual_seed(0)
    return Recommender(Own(ITEMS, 4).eval(), BackboneConfig(name=name, width=8), recommender().dataset)


def test_a_model_of_ones_own_backbone_loads_with_its_class(tmp_path) -> None:
    model = own_recommender()
    model.save(tmp_path / "model")
    loaded = Recommender.load(tmp_path / "model", backbone=Own)
    assert_frame_equal(loaded.recommend(k=9), model.recommend(k=9))
    loaded.save(tmp_path / "again")
    assert (tmp_path / "again" / "model.json").read_text() == (tmp_path / "model" / "model.json").read_text()


def test_loading_runs_no_code_that_a_folder_names(tmp_path) -> None:
    trap = tmp_path / "trap.py"
    trap.write_text(f"open({str(tmp_path / 'sprung')!r}, 'w')")
    own_recommender(f"{trap}:Own").save(tmp_path / "model")
    with pytest.raises(InputError, match=r"trap\.py:Own; loading runs no code(.|\n)*load\(folder, backbone=") as raised:
        Recommender.load(tmp_path / "model")
    assert len(str(raised.value).splitlines()) == 2
    assert not (tmp_path / "sprung").exists()


def test_a_class_is_not_taken_for_a_known_backbone_nor_for_another(tmp_path) -> None:
    recommender().save(tmp_path / "known")
    with pytest.raises(InputError, match="was trained with sasrec, which comes along: leave `backbone` out"):
        Recommender.load(tmp_path / "known", backbone=Own)
    own_recommender().save(tmp_path / "own")
    with pytest.raises(InputError, match=r"`backbone\.width` is not a setting of mine\.py:Own"):
        Recommender.load(tmp_path / "own", backbone=SASRec)


def test_a_model_of_before_there_were_other_backbones_loads(tmp_path) -> None:
    model = recommender()
    model.save(tmp_path / "model")
    path = tmp_path / "model" / "model.json"
    facts = json.loads(path.read_text())
    assert facts["backbone"] == {
        "name": "sasrec", "dimension": 8, "layers": 1, "heads": 2, "dropout": 0.5, "positions": "end",
    }  # fmt: skip
    assert_frame_equal(Recommender.load(tmp_path / "model").recommend(k=9), model.recommend(k=9))


@pytest.mark.parametrize("name", BACKBONES)
def test_a_model_of_every_backbone_saves_and_loads(tmp_path, name: str) -> None:
    settings = BackboneConfig(name=name, dimension=8)
    torch.manual_seed(1)
    backbone = make_backbone(settings, ITEMS, 4).eval()
    model = Recommender(backbone, settings, recommender().dataset)
    model.save(tmp_path / "model")
    assert_frame_equal(Recommender.load(tmp_path / "model").recommend(k=9), model.recommend(k=9))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"backbone": {"name": "unheard-of"}}, "is damaged: there is no backbone `unheard-of`"),
        ({"backbone": {"name": "sasrec", "dimension": -1}}, "is damaged: Input should be greater"),
        ({"backbone": 3}, "is damaged"),
        ({"item_count": "many"}, "is damaged"),
    ],
)
def test_facts_that_no_model_has_are_refused(tmp_path, change: dict, told: str) -> None:
    recommender().save(tmp_path / "model")
    path = tmp_path / "model" / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(SraclError, match=told):
        Recommender.load(tmp_path / "model")


def test_a_folder_without_a_model_is_bad_input(tmp_path) -> None:
    with pytest.raises(InputError, match="holds no trained model"):
        Recommender.load(tmp_path)


def grown(method: str = "neighbors") -> tuple[Recommender, Recommender, np.ndarray]:
    """A recommender, itself with two more items, and the embeddings of all texts: y's is that of c."""
    model = recommender()
    texts = unit_vectors(ITEMS + 2, 6)
    texts[ITEMS + 1] = texts[2]
    items = pl.DataFrame({"item_id": ["x", "y"], "title": ["new", "newer"]})
    settings = ColdItemsConfig(method=method, neighbors=1)
    return model, model.add_items(items, texts[ITEMS:], texts[:ITEMS], settings), texts


@pytest.mark.parametrize("method", ["neighbors", "regression"])
def test_items_that_came_later_are_recommended_read_and_saved(tmp_path, method: str) -> None:
    model, more, _ = grown(method)
    assert more.dataset.item_count == ITEMS + 2
    assert model.dataset.item_count == ITEMS
    before = model.recommend(k=ITEMS)
    after = more.recommend(k=ITEMS + 2)
    assert {"x", "y"} <= set(after["item_id"])
    joined = before.join(after, on=["user_id", "item_id"], suffix="_after")
    assert joined.height == before.height
    assert joined["score"].to_numpy() == pytest.approx(joined["score_after"].to_numpy(), abs=1e-5)
    assert more.recommend_histories([["a", "x"], ["y"]], k=3).height == 6
    assert more.similar_items(["x"], k=3).height == 3
    more.save(tmp_path / "model")
    assert_frame_equal(Recommender.load(tmp_path / "model").recommend(k=5), more.recommend(k=5))


def test_an_item_that_reads_like_another_is_ranked_beside_it() -> None:
    _, more, _ = grown()
    found = more.recommend(["bob"], k=ITEMS + 2)
    scores = dict(found.select("item_id", "score").iter_rows())
    assert scores["y"] == pytest.approx(scores["c"], abs=1e-5)
    assert more.similar_items(["y"], k=1)["similar_item_id"].to_list() == ["c"]


def test_items_can_be_added_again() -> None:
    _, more, texts = grown()
    third = more.add_items(pl.DataFrame({"item_id": ["z"]}), texts[2:3], texts, ColdItemsConfig(neighbors=1))
    scores = dict(third.recommend(["bob"], k=20).select("item_id", "score").iter_rows())
    assert scores["z"] == pytest.approx(scores["c"], abs=1e-5)


@pytest.mark.parametrize(
    ("texts", "known", "told"),
    [
        (unit_vectors(2, 6), unit_vectors(ITEMS, 6), r"texts has the shape \(2, 6\), but 1 rows"),
        (unit_vectors(1, 6), unit_vectors(ITEMS - 1, 6), r"known_texts has the shape \(8, 6\), but 9 rows of 6"),
        (unit_vectors(1, 6), unit_vectors(ITEMS, 5), r"known_texts has the shape \(9, 5\), but 9 rows of 6"),
        (np.full((1, 6), np.nan, dtype=np.float32), unit_vectors(ITEMS, 6), "NaN or infinite"),
        (unit_vectors(1, 6), np.zeros((ITEMS, 6), dtype=np.float32), "no trained item has a text"),
    ],
)
def test_embeddings_that_do_not_fit_are_refused(texts: np.ndarray, known: np.ndarray, told: str) -> None:
    with pytest.raises(InputError, match=told):
        recommender().add_items(pl.DataFrame({"item_id": ["x"]}), texts, known)


def remembering() -> Recommender:
    model = recommender()
    return replace(model, memory=TransitionMemory.of(model.dataset.histories, ITEMS, concentration=2.0))


def test_a_memory_is_saved_along_and_ranks_with_the_model(tmp_path) -> None:
    model = remembering()
    model.save(tmp_path / "model")
    loaded = Recommender.load(tmp_path / "model")
    assert_frame_equal(loaded.recommend(k=5), model.recommend(k=5))
    assert not loaded.recommend(k=5).equals(recommender().recommend(k=5))
    # After 7 came 8, once, and after 6 came 8 next but one.
    assert loaded.recommend_histories([["g", "h"]], k=1)["item_id"].to_list() == ["i"]
    recommender().save(tmp_path / "model")
    assert Recommender.load(tmp_path / "model").memory is None


def test_a_memory_that_is_missing_or_damaged_is_no_model_without_one(tmp_path) -> None:
    remembering().save(tmp_path / "model")
    path = tmp_path / "model" / TRANSITIONS
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(SraclError, match=r"transitions\.safetensors is damaged"):
        Recommender.load(tmp_path / "model")
    path.unlink()
    with pytest.raises(SraclError, match=r"transitions\.safetensors is damaged"):
        Recommender.load(tmp_path / "model")


def test_items_that_came_later_are_scored_beside_what_is_remembered() -> None:
    model = remembering()
    texts = unit_vectors(ITEMS + 1, 5)
    grown = model.add_items(pl.DataFrame({"item_id": ["new"]}), texts[ITEMS:], texts[:ITEMS])
    histories = model.dataset.histories
    before, after = (one.scorer.score(histories, np.arange(4)) for one in (model, grown))
    evidence = torch.from_numpy(model.memory.evidence(histories).toarray())
    known = after[:, :ITEMS]
    torch.testing.assert_close(known[evidence == 0], before[evidence == 0], rtol=1e-4, atol=1e-4)
    # The new item takes its share of the model's probability, beside which evidence weighs more.
    assert (known[evidence > 0] >= before[evidence > 0] - 1e-4).all()
    assert grown.recommend_histories([["new"]], k=3).height == 3
