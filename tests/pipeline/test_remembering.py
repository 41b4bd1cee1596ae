"""A run remembers when it is told to, says what that is worth, and forgets when it is told to."""

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from sracl.auditing import audit
from sracl.config import changed, read_config
from sracl.errors import SraclError
from sracl.pipeline.display import Display
from sracl.pipeline.run import Run
from sracl.recommender import TRANSITIONS, Recommender
from sracl.transition_memory import TransitionMemory
from support.audited import copied, verdicts
from support.small_run import write_config, write_data


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """The folder of a run that was evaluated without a memory."""
    folder = tmp_path_factory.mktemp("remembering")
    write_data(folder)
    evaluated(folder / "run", read_config(write_config(folder)))
    return folder / "run"


@pytest.fixture
def run_dir(finished, tmp_path) -> Path:
    return copied(finished, tmp_path)


def evaluated(run_dir: Path, config, **memory) -> str:
    """Evaluate a run with a memory, and return what was printed."""
    printed = io.StringIO()
    settings = {f"transition_memory.{key}": value for key, value in memory.items()}
    config = changed(config, {"run_dir": str(run_dir)} | settings)
    Run(config, Display(Console(file=printed, width=60))).up_to("evaluate")
    return printed.getvalue()


def again(run_dir: Path, **memory) -> str:
    return evaluated(run_dir, read_config(run_dir / "config.yaml"), **memory)


def metrics_of(run_dir: Path) -> dict:
    return json.loads((run_dir / "metrics.json").read_text())


def test_nothing_is_trained_again_and_the_model_alone_stands_beside(run_dir) -> None:
    before = metrics_of(run_dir)
    assert not Recommender.load(run_dir).memory
    printed = again(run_dir, concentration=5)
    assert "train: done before, unchanged" in printed
    assert "of which the model counts for 5" in printed
    after = metrics_of(run_dir)
    assert after["baselines"]["SRA-CL on sasrec"]["test"] == before["test"]
    assert after["test"] != before["test"]
    assert "SRA-CL on sasrec + memory" in printed
    assert "…" not in printed, "no number is cut, however narrow the screen"
    model = Recommender.load(run_dir)
    assert model.memory.concentration == 5
    assert not model.recommend(k=3).equals(replace(model, memory=None).recommend(k=3))
    assert "remember: done before, unchanged" in again(run_dir, concentration=5)


def test_it_forgets_when_it_is_switched_off(run_dir) -> None:
    before = metrics_of(run_dir)
    again(run_dir, concentration=5)
    printed = again(run_dir, concentration=None)
    assert "train: done before, unchanged" in printed
    assert not (run_dir / "model" / TRANSITIONS).exists()
    after = metrics_of(run_dir)
    assert after["test"] == before["test"]
    assert set(after["baselines"]) == set(before["baselines"])
    assert "remember" not in again(run_dir, concentration=None)


def test_validation_chooses_and_says_how(run_dir) -> None:
    printed = again(run_dir, concentration="auto")
    assert "the model alone" in printed
    assert "1600" in printed
    assert "of which the model counts for" in printed or "the model answers alone" in printed


def test_the_audit_counts_the_transitions_again(run_dir) -> None:
    again(run_dir, concentration=5)
    assert verdicts(audit(run_dir))["transition memory"] == "clean"
    model = Recommender.load(run_dir)
    # All interactions, those held out included.
    TransitionMemory.of(model.dataset.histories, model.dataset.item_count, 5.0).save(run_dir / "model" / TRANSITIONS)
    result = audit(run_dir)
    assert verdicts(result)["transition memory"] == "leak"
    assert "that are not the" in next(one.told for one in result.leaks)


def test_a_run_without_memory_has_nothing_to_audit(run_dir) -> None:
    assert "transition memory" not in verdicts(audit(run_dir))


def test_a_training_made_anew_remembers_what_it_was_made_of(run_dir) -> None:
    again(run_dir, concentration=5)
    config = changed(read_config(run_dir / "config.yaml"), {"run_dir": str(run_dir), "seed": 7})
    Run(config, Display(Console(file=io.StringIO())), overwrite=True).up_to("remember")
    model = Recommender.load(run_dir)
    assert model.memory.total > 0
    assert np.isfinite(model.recommend(k=2)["score"].to_numpy()).all()


def test_a_damaged_memory_is_counted_again_as_its_error_says(run_dir) -> None:
    again(run_dir, concentration=5)
    wanted = Recommender.load(run_dir).recommend(k=3)
    (run_dir / "model" / TRANSITIONS).write_bytes(b"rubbish")
    with pytest.raises(SraclError, match="concentration=null, then as before"):
        Recommender.load(run_dir)
    again(run_dir, concentration=None)
    again(run_dir, concentration=5)
    assert Recommender.load(run_dir).recommend(k=3).equals(wanted)
