"""From frames to a recommender in one call, without a file."""

from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import sracl
from sracl.backbones import GRU4Rec
from sracl.backbones.named import import_backbone
from sracl.errors import InputError
from sracl.fitting import fit
from sracl.recommender import Recommender
from support.small_run import ITEMS, USERS, write_data

TwoUnits = import_backbone(f"{Path(__file__).parent.parent / 'examples' / 'own_backbone.py'}:TwoUnits")
SMALL = {
    "dataset": {"min_interactions": 2, "max_length": 8},
    "backbone": {"dimension": 8},
    "training": {"epochs": 2, "targets_per_step": 60, "device": "cpu"},
}


class Recorder:
    def __init__(self) -> None:
        self.records: list[dict] = []

    def on_step(self, epoch: int, targets: int, parts: dict[str, float]) -> None:
        pass

    def on_epoch(self, record: dict) -> None:
        self.records.append(record)


@pytest.fixture(scope="module")
def frames(tmp_path_factory) -> tuple[pl.DataFrame, pl.DataFrame]:
    folder = tmp_path_factory.mktemp("frames")
    write_data(folder)
    return pl.read_csv(folder / "interactions.csv"), pl.read_csv(folder / "items.csv")


def test_a_frame_of_interactions_and_one_of_items_train_all_three_losses(frames) -> None:
    recorder = Recorder()
    model = fit(*frames, text=["title"], watcher=recorder, **SMALL)
    assert set(recorder.records[0]["losses"]) == {"next_item", "cross_sequence", "intra_sequence"}
    assert len(recorder.records) == 2
    found = model.recommend(k=3)
    assert found["user_id"].n_unique() == USERS
    assert model.dataset.item_count <= ITEMS


def test_by_global_time_nothing_after_the_cut_is_learnt_and_everything_is_continued(tmp_path) -> None:
    write_data(tmp_path, spread=8)
    interactions = pl.read_csv(tmp_path / "interactions.csv")
    recorder = Recorder()
    split = {"kind": "global-time", "validation": 0.6, "test": 0.8}
    model = fit(interactions, watcher=recorder, **SMALL | {"dataset": SMALL["dataset"] | {"split": split}})
    assert {record["split"] for record in recorder.records} == {"global-time"}
    assert len(model.dataset.histories.values) == interactions.height


def test_pandas_frames_give_the_same(frames) -> None:
    interactions, items = frames
    by_polars = fit(interactions, items, **SMALL)
    by_pandas = fit(interactions.to_pandas(), items.to_pandas(), **SMALL)
    assert_frame_equal(by_polars.recommend(["u001"]), by_pandas.recommend(["u001"]), abs_tol=1e-4)


def test_without_items_neighbours_may_be_learned(frames) -> None:
    recorder = Recorder()
    sources = {"cross_sequence": {"neighbors": "learned"}, "intra_sequence": {"substitutes": "learned"}}
    fit(frames[0], watcher=recorder, objectives=sources, **SMALL)
    assert set(recorder.records[0]["losses"]) == {"next_item", "cross_sequence", "intra_sequence"}


def test_item_vectors_of_texts_are_fitted_and_saved_as_a_model_that_answers_alone(frames, tmp_path) -> None:
    recorder = Recorder()
    kind = {"kind": "dual-view", "fusion": "concatenation"}
    model = fit(*frames, watcher=recorder, item_embedding=kind, **SMALL)
    assert set(recorder.records[0]["losses"]) == {"next_item", "cross_sequence", "intra_sequence"}
    assert model.backbone.dimension == 16
    model.save(tmp_path / "model")
    loaded = Recommender.load(tmp_path / "model")
    assert_frame_equal(loaded.recommend(["u001"]), model.recommend(["u001"]))
    assert_frame_equal(loaded.similar_items(["i01"]), model.similar_items(["i01"]))
    with pytest.raises(InputError, match="the items have no text to make vectors of"):
        fit(frames[0], item_embedding=kind, **SMALL)


def test_a_pretraining_comes_first(frames) -> None:
    recorder = Recorder()
    fit(*frames, watcher=recorder, pretraining={"kind": "s3rec", "epochs": 1, "attributes": ["brand"]}, **SMALL)
    losses = [set(record["losses"]) for record in recorder.records]
    assert losses[0] == {"masked_item", "masked_attribute", "associated_attribute", "segment"}
    assert losses[1:] == [{"next_item", "cross_sequence", "intra_sequence"}] * 2


def test_own_backbones_must_read_both_ways_to_be_pretrained(frames) -> None:
    with pytest.raises(InputError, match=r"so that .*:TwoUnits must read both ways"):
        fit(frames[0], pretraining={"kind": "s3rec"}, **{**SMALL, "backbone": TwoUnits})


def test_a_rival_is_trained_beside_the_papers_losses_or_without_items_alone(frames) -> None:
    for given, parts in ((frames, {"cross_sequence", "intra_sequence"}), (frames[:1], set())):
        recorder = Recorder()
        fit(*given, watcher=recorder, objectives={"coserec": {"weight": 0.1}}, **SMALL)
        assert set(recorder.records[0]["losses"]) == {"next_item", "coserec"} | parts


def test_without_items_the_plain_backbone_is_trained(frames) -> None:
    recorder = Recorder()
    fit(frames[0], watcher=recorder, **SMALL)
    assert set(recorder.records[0]["losses"]) == {"next_item"}


def test_other_column_names_are_taken(frames) -> None:
    interactions = frames[0].rename({"user_id": "who", "item_id": "what", "timestamp": "when"})
    items = frames[1].rename({"item_id": "what"})
    model = fit(interactions, items, user="who", item="what", time="when", **SMALL)
    assert model.recommend(["u001"], k=2)["user_id"].to_list() == ["u001"] * 2


@pytest.mark.parametrize("given", [TwoUnits, {"name": TwoUnits, "dimension": 8}])
def test_a_class_of_ones_own_is_trained_with_all_three_losses(frames, tmp_path, given) -> None:
    recorder = Recorder()
    model = fit(*frames, watcher=recorder, **{**SMALL, "backbone": given})
    assert set(recorder.records[0]["losses"]) == {"next_item", "cross_sequence", "intra_sequence"}
    assert isinstance(model.backbone, TwoUnits)
    assert model.backbone.dimension == (64 if given is TwoUnits else 8)
    assert model.settings.model_dump() == {
        "name": f"{TwoUnits.__module__}:TwoUnits",
        "dimension": model.backbone.dimension,
        "dropout": 0.5,
    }
    model.save(tmp_path / "model")
    loaded = Recommender.load(tmp_path / "model", backbone=TwoUnits)
    assert_frame_equal(loaded.recommend(["u001"]), model.recommend(["u001"]))


def test_another_known_backbone_is_trained_by_its_name(frames) -> None:
    model = fit(frames[0], **{**SMALL, "backbone": {"name": "gru4rec", "dimension": 8, "hidden": 4}})
    assert isinstance(model.backbone, GRU4Rec)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"trainig": {"epochs": 2}}, r"unknown key `trainig`; did you mean `training`\?"),
        ({"training": {"epochs": 0}}, r"`training\.epochs`.*given: 0"),
        ({"time": "when"}, "no column 'when'"),
        ({"backbone": {"name": TwoUnits, "layers": 2}}, r"`backbone\.layers` is not a setting of .*:TwoUnits"),
    ],
)
def test_bad_settings_are_named(frames, settings: dict, told: str) -> None:
    with pytest.raises(InputError, match=told):
        fit(*frames, **settings)


def test_the_package_offers_its_names_without_loading_them_first() -> None:
    assert sracl.fit is fit
    assert {"fit", "Recommender"} <= set(dir(sracl))
    with pytest.raises(AttributeError, match="nonsense"):
        sracl.nonsense  # noqa: B018


def test_a_memory_of_transitions_is_counted_from_training_alone(frames) -> None:
    model = fit(*frames, text=["title"], transition_memory={"concentration": 50}, **SMALL)
    lengths = model.dataset.histories.lengths
    assert model.memory.counts[0].sum() == (lengths - 3).clip(0).sum(), "two of each history are held out"
    assert fit(*frames, text=["title"], **SMALL).memory is None
