"""Scores by ONNX Runtime: PyTorch's, taken only where they come sooner and belong to the model that is served."""

import json
import shutil
from dataclasses import replace

import jaxtyping
import numpy as np
import pytest
import torch

from sracl.backbones.scorer import BackboneScorer
from sracl.datasets.sequences import Sequences
from sracl.exporting.onnx import export_onnx
from sracl.recommender import Recommender
from sracl.serving import graph
from sracl.serving.graph import GraphScorer, faster_scorer
from sracl.serving.served import Question, ServedModel, version_of
from sracl.transition_memory import TransitionMemory


@pytest.fixture(autouse=True, scope="module")
def _unchecked_shapes():
    """The exporter calls a backbone with sizes that are symbols, which are no int to the checks of signatures."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.fixture(scope="module")
def exported(run_dir, tmp_path_factory):
    """The served run with its graph beside it."""
    folder = tmp_path_factory.mktemp("graph") / "run"
    shutil.copytree(run_dir, folder)
    export_onnx(Recommender.load(folder), folder / graph.GRAPH)
    return folder


def histories(count: int, items: int) -> Sequences:
    draw = np.random.default_rng(0)
    lengths = draw.integers(1, 15, count)
    return Sequences.from_lengths(draw.integers(0, items, lengths.sum()), lengths)


@pytest.mark.parametrize("count", [1, 16])
def test_the_graph_scores_as_pytorch_does(exported, count) -> None:
    facts = json.loads((exported / graph.GRAPH / "export.json").read_text())
    model = Recommender.load(exported)
    asked = histories(count, model.dataset.item_count)
    wanted = BackboneScorer(model.backbone).score(asked)
    found = GraphScorer(exported / graph.GRAPH / "model.onnx", facts, 1).score(asked)
    assert float((found - wanted).abs().max() / wanted.abs().max()) <= graph.TOLERANCE


def test_the_faster_of_the_two_answers_and_both_recommend_the_same(exported, monkeypatch) -> None:
    questions = [Question(np.array([0, 6, 12]), 5, np.empty(0, np.int64)), Question(np.array([3]), 5, np.array([4]))]
    answers = []
    for times, name in (([1.0, 2.0], "ONNX Runtime"), ([2.0, 1.0], "PyTorch")):
        # PyTorch is timed second to last, the graph last: which of them is faster is said by these.
        given = iter([[times[1]] * 2, [times[0]] * 2])
        monkeypatch.setattr(graph, "_milliseconds", lambda *_, given=given: next(given))
        model = ServedModel("shop", exported)
        assert model.choice.name == name
        answers.append(model.best(questions))
    for one, other in zip(*answers, strict=True):
        assert one.items == other.items
        assert one.scores == pytest.approx(other.scores, rel=1e-4)


def test_a_graph_of_other_weights_is_left_alone(exported, tmp_path) -> None:
    shutil.copytree(exported, tmp_path / "run")
    model = Recommender.load(tmp_path / "run")
    with torch.no_grad():
        model.backbone.item_embedding.weight += 1.0
    model.save(tmp_path / "run" / "model")
    choice = ServedModel("shop", tmp_path / "run").choice
    assert (choice.name, "export it again" in choice.why) == ("PyTorch", True)


def test_a_graph_that_scores_otherwise_or_is_damaged_is_left_alone(exported, tmp_path, caplog) -> None:
    model = Recommender.load(exported)
    with torch.no_grad():
        model.backbone.item_embedding.weight *= 1.01
    scorer, asked = BackboneScorer(model.backbone), model.dataset.histories
    choice = faster_scorer(scorer, exported, version_of(exported), asked)
    assert choice.scorer is scorer
    assert "scores differ" in choice.why
    shutil.copytree(exported / graph.GRAPH, tmp_path / graph.GRAPH)
    (tmp_path / graph.GRAPH / "model.onnx").write_bytes(b"rubbish")
    choice = faster_scorer(scorer, tmp_path, version_of(exported), asked)
    assert choice.scorer is scorer
    assert "cannot be used" in caplog.text


def test_without_a_graph_pytorch_answers(run_dir) -> None:
    choice = ServedModel("shop", run_dir).choice
    assert (choice.name, choice.why) == ("PyTorch", "no graph has been exported")


def test_a_memory_stands_beside_the_graph_too(exported, tmp_path) -> None:
    shutil.copytree(exported, tmp_path / "run")
    model = Recommender.load(exported)
    memory = TransitionMemory.of(model.dataset.histories, model.dataset.item_count, concentration=1.0)
    remembering = replace(model, memory=memory)
    remembering.save(tmp_path / "run" / "model")
    served = ServedModel("shop", tmp_path / "run")
    assert "ms by PyTorch" in served.choice.why, "the graph is of these weights, and was timed"
    wanted = remembering.recommend(["u003"], k=5)
    (found,) = served.best([Question(served.history_of("u003"), 5, np.empty(0, dtype=np.int64))])
    assert [served.item_ids[item] for item in found.items] == wanted["item_id"].to_list()
