"""Each backbone as ONNX gives PyTorch's scores, for any number of rows of any length."""

import json

import jaxtyping
import numpy as np
import onnxruntime
import polars as pl
import pytest
import torch

from sracl.backbones import BACKBONES
from sracl.config import BackboneConfig
from sracl.datasets.dataset import Dataset
from sracl.datasets.sequences import Sequences
from sracl.errors import SraclError
from sracl.exporting.onnx import TOLERANCE, export_onnx
from sracl.recommender import Recommender
from sracl.training.assembly import make_backbone

ITEMS, LENGTH = 20, 6


@pytest.fixture(autouse=True)
def _unchecked_shapes():
    """The exporter calls a backbone with sizes that are symbols, which are no int to the checks of signatures."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


def recommender(name: str) -> Recommender:
    torch.manual_seed(0)
    settings = BackboneConfig.model_validate({"name": name, "dimension": 8})
    backbone = make_backbone(settings, ITEMS, LENGTH).eval()
    for parameter in backbone.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    catalogue = pl.DataFrame({"item_id": [f"i{number}" for number in range(ITEMS)]})
    histories = Sequences.from_lengths(np.arange(3), np.array([3]))
    return Recommender(backbone, settings, Dataset(pl.DataFrame({"user_id": ["u"]}), catalogue, histories))


@pytest.mark.slow
@pytest.mark.parametrize("name", BACKBONES)
def test_the_graph_scores_as_the_library_does(tmp_path, name: str) -> None:
    made = recommender(name)
    assert export_onnx(made, tmp_path / "out") <= TOLERANCE
    facts = json.loads((tmp_path / "out" / "export.json").read_text())
    numbers = dict(pl.read_parquet(tmp_path / "out" / "items.parquet").select("item_id", "number").iter_rows())
    histories = [["i3"], ["i1", "i2", "i19", "i0", "i7"], [f"i{n}" for n in range(9)], ["i5", "i5"]]
    rows = np.full((len(histories), facts["max_length"]), facts["padding"], dtype=np.int64)
    lengths = np.array([min(len(history), facts["max_length"]) for history in histories])
    for row, history, length in zip(rows, histories, lengths, strict=True):
        row[:length] = [numbers[item] for item in history[-length:]]
    session = onnxruntime.InferenceSession(tmp_path / "out" / "model.onnx")
    scores = session.run(["scores"], {"items": rows, "lengths": lengths})[0]
    wanted = made.recommend_histories(histories, k=ITEMS)
    for number in range(len(histories)):
        own = wanted.filter(pl.col("history") == number)
        found = scores[number][[numbers[item] for item in own["item_id"]]]
        np.testing.assert_allclose(found, own["score"].to_numpy(), rtol=1e-4, atol=1e-4)


@pytest.mark.slow
def test_a_graph_that_does_something_else_is_not_kept(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("sracl.exporting.onnx.TOLERANCE", -1.0)
    with pytest.raises(SraclError, match="scores differ by"):
        export_onnx(recommender("sasrec"), tmp_path / "out")
    assert not (tmp_path / "out").exists()
