"""Two processes train as one does: the same losses, the same weights; they resume, and their errors arrive."""

import importlib.util
import pickle
import sys

import pytest
import torch

from sracl.backbones import SASRec
from sracl.datasets.prefixes import PrefixPool
from sracl.errors import InputError, SraclError
from sracl.objectives import OBJECTIVES
from sracl.objectives.cross_sequence import CrossSequence
from sracl.objectives.intra_sequence import IntraSequence
from sracl.objectives.training_objective import TrainingObjective, Weighted
from sracl.semantics.retrieval import Exclusion, nearest
from sracl.training.loop import LAST, built_from_seed, train
from support.batches import generator, unit_vectors, whole_batch
from support.small_training import ITEMS, LENGTH, WIDTH, objective_with, settings, small_objective, walks


class Recorder:
    """Keeps every record."""

    def __init__(self) -> None:
        self.records: list[dict] = []
        self.steps = 0

    def on_step(self, epoch: int, targets: int, parts: dict[str, float]) -> None:
        self.steps += 1

    def on_epoch(self, record: dict) -> None:
        self.records.append(record)


def objective_without_chance(split) -> TrainingObjective:
    """Every loss, and nothing drawn: all prefixes are anchors, no dropout, no substitution.

    Neighbours that share a row have positions that depend on what else is in the step, so that each has its own here.
    """
    pool = PrefixPool(split.training, LENGTH)
    embeddings = unit_vectors(len(pool), 6)
    neighbours = nearest(embeddings, 3, Exclusion.same_owner(pool.sequences.offsets))
    of_items = nearest(unit_vectors(ITEMS, 6), 3, Exclusion.itself(ITEMS))

    def build() -> TrainingObjective:
        contrastive = {
            "cross_sequence": Weighted(
                CrossSequence(pool, neighbours, embeddings, WIDTH, dropout=0.0, shared_rows=False), 0.1
            ),
            "intra_sequence": Weighted(IntraSequence(of_items, substitution=0.0), 0.1),
        }
        return TrainingObjective(SASRec(ITEMS, WIDTH, LENGTH, layers=1, heads=2, dropout=0.0), contrastive, None)

    return built_from_seed(0, build)


@pytest.mark.slow
def test_two_processes_learn_what_one_learns(tmp_path) -> None:
    """Without chance, losses, validation and weights are those of one process, up to rounding."""
    split = walks()
    alone, both = Recorder(), Recorder()
    one = train(objective_without_chance(split), split, settings(epochs=3), 0, None, alone)
    two = train(objective_without_chance(split), split, settings(epochs=3, processes=2), 0, tmp_path, both)
    assert [r["epoch"] for r in both.records] == [1, 2, 3]
    assert both.steps == alone.steps
    for ours, theirs in zip(both.records, alone.records, strict=True):
        assert ours["losses"] == pytest.approx(theirs["losses"], rel=1e-4)
        assert ours["validation"] == pytest.approx(theirs["validation"], rel=1e-3)
    torch.testing.assert_close(
        two.objective.backbone.item_table, one.objective.backbone.item_table, rtol=1e-2, atol=1e-3
    )
    assert two.progress.history == both.records
    again = train(objective_without_chance(split), split, settings(epochs=3, processes=2), 0, tmp_path, Recorder())
    assert torch.equal(again.objective.backbone.item_table, two.objective.backbone.item_table)


@pytest.mark.slow
def test_two_processes_go_on_after_an_interruption(tmp_path) -> None:
    """Stopped after two epochs and gone on, a training ends as one that was not stopped: to the bit."""
    split = walks()
    whole = train(small_objective(split), split, settings(epochs=3, processes=2), 0, tmp_path / "whole")
    train(small_objective(split), split, settings(epochs=2, processes=2), 0, tmp_path / "cut")
    reopen(tmp_path / "cut" / LAST)
    resumed = train(small_objective(split), split, settings(epochs=3, processes=2), 0, tmp_path / "cut")
    assert [r["losses"] for r in resumed.progress.history] == [r["losses"] for r in whole.progress.history]
    assert torch.equal(resumed.objective.backbone.item_table, whole.objective.backbone.item_table)


def reopen(path) -> None:
    """Mark a checkpoint as one of a training that has not ended."""
    import json

    from sracl.training.checkpoint import load_tensors, save_tensors

    tensors, metadata = load_tensors(path)
    progress = json.loads(metadata["progress"]) | {"finished": False}
    save_tensors(path, tensors, {"progress": json.dumps(progress)})


@pytest.mark.slow
def test_an_error_in_a_process_is_told_here() -> None:
    split = walks()
    with pytest.raises(SraclError, match=r"a loss is not finite in epoch .*; lower training.learning_rate"):
        train(small_objective(split), split, settings(learning_rate=1e30, processes=2), 0)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_every_objective_can_be_sent_to_other_processes(name: str) -> None:
    objective = objective_with(name, walks())
    objective.begin_epoch(1, generator())
    sent = pickle.loads(pickle.dumps(objective))
    batch = whole_batch(walks().training, LENGTH)
    losses = [float(one.eval()(batch, one.draw(batch, generator(1))).total.detach()) for one in (objective, sent)]
    assert losses[0] == losses[1]


def test_a_backbone_that_other_processes_cannot_import_is_refused(tmp_path) -> None:
    path = tmp_path / "only_here.py"
    path.write_text("from sracl.backbones import SASRec\nclass Mine(SASRec):\n    pass\n")
    spec = importlib.util.spec_from_file_location("only_here_for_this_test", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert "only_here_for_this_test" not in sys.modules
    objective = TrainingObjective(module.Mine(ITEMS, WIDTH, LENGTH, layers=1, heads=2, dropout=0.0))
    with pytest.raises(InputError, match=r"cannot import Mine from its file.*training.processes to 1"):
        train(objective, walks(), settings(processes=2), 0)
