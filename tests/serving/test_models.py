"""A new version takes the old one's place without dropping a request; damage leaves the old one."""

import shutil
from dataclasses import replace

import pytest
import torch
from fastapi.testclient import TestClient

from sracl.errors import InputError, SraclError
from sracl.recommender import Recommender
from sracl.serving.app import make_app
from sracl.serving.models import Models
from sracl.serving.start import named
from sracl.transition_memory import TransitionMemory

HISTORY = {"history": ["i00", "i06"], "k": 3}


@pytest.fixture
def folder(run_dir, tmp_path):
    """A copy of the model alone, to be changed."""
    shutil.copytree(run_dir / "model", tmp_path / "model")
    return tmp_path / "model"


def save_other(folder) -> None:
    """Replace the model by one of other weights."""
    recommender = Recommender.load(folder)
    with torch.no_grad():
        recommender.backbone.item_embedding.weight.mul_(-1)
    recommender.save(folder)


def test_a_new_version_answers_after_a_look_and_an_old_request_is_kept(folder) -> None:
    models = Models({"shop": folder})
    with TestClient(make_app(models)) as client:
        before = client.post("/v1/recommendations", json=HISTORY).json()
        held = models.get(None)
        assert not models.refresh("shop")
        save_other(folder)
        assert models.refresh("shop")
        after = client.post("/v1/recommendations", json=HISTORY).json()
        assert after["model"] != before["model"]
        assert after["items"] != before["items"]
        assert held.label == before["model"], "who began with the old version goes on with it"
        assert not models.refresh("shop")


def test_it_looks_by_itself(folder) -> None:
    with TestClient(make_app(Models({"shop": folder}), look_for_new_versions=0.02)) as client:
        before = client.get("/ready").json()["models"]
        save_other(folder)
        for _ in range(500):
            if client.get("/ready").json()["models"] != before:
                return
    pytest.fail("the new version was not loaded")


def test_a_damaged_new_version_leaves_the_old_one(folder, caplog) -> None:
    models = Models({"shop": folder})
    label = models.get(None).label
    (folder / "weights.safetensors").write_bytes(b"rubbish")
    assert not models.refresh("shop")
    assert models.get(None).label == label
    assert "the old one stays" in caplog.text
    shutil.rmtree(folder)
    assert not models.refresh("shop")


def test_a_start_without_a_readable_model_fails_in_a_line(folder, tmp_path) -> None:
    with pytest.raises(InputError, match="holds no trained model"):
        Models({"shop": tmp_path / "nothing"})
    (folder / "model.json").write_text('{"format": 99}')
    with pytest.raises(SraclError, match="has the format 99"):
        Models({"shop": folder})
    (folder / "model.json").write_text("{")
    with pytest.raises(SraclError, match="damaged"):
        Models({"shop": folder})
    with pytest.raises(InputError, match="no model to serve"):
        Models({})


def test_folders_are_named_apart(tmp_path) -> None:
    folders = [tmp_path / "a" / "run", tmp_path / "b" / "run", tmp_path / "c"]
    assert named(folders) == {"run": folders[0], "run-2": folders[1], "c": folders[2]}


def test_a_memory_answers_as_the_recommender_does_and_is_a_version_of_its_own(folder) -> None:
    models = Models({"shop": folder})
    before = models.get(None).label
    model = Recommender.load(folder)
    memory = TransitionMemory.of(model.dataset.histories, model.dataset.item_count, concentration=1.0)
    replace(model, memory=memory).save(folder)
    assert models.refresh("shop")
    assert models.get(None).label != before
    with TestClient(make_app(models)) as client:
        found = client.post("/v1/recommendations", json=HISTORY).json()["items"]
    wanted = Recommender.load(folder).recommend_histories([HISTORY["history"]], k=3)
    assert [one["item_id"] for one in found] == wanted["item_id"].to_list()
    assert [one["score"] for one in found] == pytest.approx(wanted["score"].to_list(), rel=1e-4)
    assert not wanted.equals(model.recommend_histories([HISTORY["history"]], k=3))
