"""A run is known by what its result depends on, and by nothing else."""

import pytest

from sracl.config import RunConfig, changed
from sracl.studies import identity
from sracl.studies.definition import plain
from sracl.studies.identity import disagreement, key_of, settings_of
from support.small_run import write_data
from support.small_study import small_config


@pytest.fixture
def config(tmp_path) -> RunConfig:
    return small_config(tmp_path)


def key(config: RunConfig, changes: dict | None = None, baseline: str | None = None) -> str:
    return key_of(settings_of(changed(config, changes or {}), baseline))


@pytest.mark.parametrize(
    "changes",
    [
        {"run_dir": "elsewhere"},
        {"training.threads": 3, "training.device": "auto"},
        {"evaluation.cutoffs": [1], "evaluation.history_groups": [2], "recommendations.k": 3},
        {"study.seeds": [9]},
        {"semantics.memory_mb": 7, "semantics.writer.store": "other.sqlite", "semantics.writer.concurrency": 2},
    ],
)
def test_where_and_how_it_is_run_does_not_count(config, changes) -> None:
    assert key(config, changes) == key(config)


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 1},
        {"protocol": "paper"},
        {"dataset.max_length": 9},
        {"semantics.neighbors": 2},
        {"semantics.writer.temperature": 0.5},
        {"backbone.dropout": 0.1},
        {"backbone": {"name": "gru4rec", "dimension": 8}},
        {"objectives.cross_sequence.weight": 0},
        {"objectives.cross_sequence.synthesis": "mean"},
        {"training.epochs": 3},
        {"evaluation.targets": 9},
        {"transition_memory.concentration": 200},
        {"transition_memory.concentration": "auto"},
    ],
)
def test_what_the_result_depends_on_counts(config, changes) -> None:
    assert key(config, changes) != key(config)


def test_data_count_by_what_they_hold_and_not_by_their_place(config, tmp_path) -> None:
    there = tmp_path / "there"
    there.mkdir()
    write_data(there)
    moved = {"dataset.interactions": str(there / "interactions.csv"), "dataset.items": str(there / "items.csv")}
    assert key(config, moved) == key(config)
    write_data(there, seed=1)
    assert key(config, moved) != key(config)


def test_settings_of_what_is_switched_off_do_not_count(config) -> None:
    off = plain(config)
    assert set(off) == {"objectives.cross_sequence.weight", "objectives.intra_sequence.weight"}
    alone = key(config, off)
    assert key(config, {**off, "objectives.cross_sequence.temperature": 2.0, "semantics.neighbors": 2}) == alone
    assert key(config, {**off, "protocol": "paper", "objectives.anchors_per_row": None}) == alone
    one = {"objectives.cross_sequence.weight": 0}
    assert key(config, one) == key(config, {**one, "objectives.cross_sequence.dropout": 0.1})
    assert key(config, one) != key(config, {**one, "objectives.intra_sequence.substitution": 0.1})


def test_item_vectors_of_texts_depend_on_the_texts_without_any_loss(config) -> None:
    adapted = {**plain(config), "item_embedding.kind": "text-adapted"}
    assert plain(changed(config, adapted)) == {"item_embedding.kind": "learned"}
    assert key(config, adapted) != key(config, plain(config))
    assert key(config, adapted) != key(config, {**adapted, "semantics.writer.temperature": 0.5})
    assert key(config, adapted) != key(config, {**adapted, "item_embedding.whitening": True})
    assert key(config) == key(config, {"item_embedding.whitening": True})


def test_a_pretraining_counts_and_its_settings_where_there_is_one(config) -> None:
    pretrained = {"pretraining.kind": "s3rec"}
    assert plain(changed(config, {**plain(config), **pretrained})) == {"pretraining.kind": "none"}
    assert key(config, pretrained) != key(config)
    assert key(config, pretrained) != key(config, {**pretrained, "pretraining.epochs": 7})
    assert key(config, {"pretraining.epochs": 7}) == key(config)


def test_a_baseline_depends_on_the_data_alone(config) -> None:
    popular = key(config, baseline="popularity")
    assert key(config, {"seed": 3, "backbone.dropout": 0.1}, "popularity") == popular
    assert popular != key(config, baseline="repeat-last")
    assert popular != key(config, {"dataset.min_interactions": 3}, "popularity")
    assert popular == key(config, {"semantics.domain": "another"}, "popularity")


def test_a_baseline_that_compares_texts_depends_on_them_too(config) -> None:
    graph = key(config, baseline="transition-graph")
    assert key(config, {"seed": 3, "semantics.memory_mb": 7}, "transition-graph") == graph
    assert graph != key(config, {"semantics.domain": "another"}, "transition-graph")


def test_the_code_of_ones_own_backbone_counts(config, tmp_path) -> None:
    from pathlib import Path

    mine = tmp_path / "mine.py"
    source = (Path(__file__).parent.parent.parent / "examples" / "own_backbone.py").read_text()
    mine.write_text(source)
    own = {"backbone": {"name": f"{mine}:TwoUnits", "dimension": 8}}
    before = key(config, own)
    mine.write_text(source.replace("num_layers=2", "num_layers=3"))
    assert key(config, own) != before


def test_a_new_setting_renames_no_run_and_a_changed_default_is_told(config) -> None:
    settings = settings_of(config)
    older = {name: value for name, value in settings.items() if name != "objectives.cross_sequence.synthesis"}
    assert key_of(older) == key_of(settings)
    assert disagreement(older, settings) is None
    other = settings | {"training.patience": 5}
    assert disagreement(other, settings) == "training.patience was 5, now 10"
    assert disagreement(older, settings | {"objectives.cross_sequence.synthesis": "mean"}) is not None


def test_results_of_other_code_count_no_more(config, monkeypatch) -> None:
    before = key(config)
    monkeypatch.setattr(identity, "RESULTS", identity.RESULTS + 1)
    assert key(config) != before


def test_a_memory_counts_where_there_is_one(config) -> None:
    assert key(config, {"transition_memory.reach": 2}) == key(config)
    given = {"transition_memory.concentration": 200}
    assert key(config, given) != key(config, {**given, "transition_memory.reach": 2})
