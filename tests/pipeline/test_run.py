"""A run makes what is missing, in order, and nothing twice."""

import io
import json
import shutil
from contextlib import contextmanager
from dataclasses import replace

import pytest
from rich.console import Console

from sracl.config import read_config
from sracl.engines import LocalEngine
from sracl.errors import InputError, SraclError
from sracl.pipeline import run as run_module
from sracl.pipeline.display import Display
from sracl.pipeline.plan import STAGES
from sracl.pipeline.run import Run
from sracl.pipeline.stamps import Stamp
from sracl.recommender import Recommender
from support.small_run import USERS, write_config, write_data


@pytest.fixture
def config(tmp_path):
    write_data(tmp_path)
    return read_config(write_config(tmp_path))


def run_of(config, *, overwrite: bool = False) -> Run:
    return Run(config, Display(Console(file=io.StringIO(), width=200)), overwrite)


def said(run: Run) -> str:
    return run.display.console.file.getvalue()


def test_stages_follow_what_they_depend_on() -> None:
    names = [stage.name for stage in STAGES]
    for stage in STAGES:
        assert all(names.index(before) < names.index(stage.name) for before in stage.after)


def test_up_to_a_stage_makes_that_much_and_the_next_call_the_rest(config) -> None:
    assert run_of(config).up_to("describe")
    assert not (config.run_dir / "semantics" / "item_embeddings.npy").exists()
    again = run_of(config)
    assert again.up_to("neighbors")
    assert "prepare: done before" in said(again)
    assert "describe: done before" in said(again)
    assert (config.run_dir / "semantics" / "prefix_neighbors.npy").exists()
    assert not run_of(config).up_to("neighbors")


def test_what_follows_a_stage_made_anew_is_made_anew(config) -> None:
    run_of(config).up_to("neighbors")
    changed = config.model_copy(update={"protocol": "paper"})
    with pytest.raises(InputError, match="protocol was 'strict', now 'paper'"):
        run_of(changed).up_to("neighbors")
    run = run_of(changed, overwrite=True)
    assert run.up_to("neighbors")
    assert "prepare: done before" in said(run)
    assert "describe: done before" not in said(run)
    assert run_of(changed).up_to("neighbors") is False


def test_a_stage_that_failed_is_made_again(config, monkeypatch) -> None:
    from sracl.pipeline import stages

    run = run_of(config)
    run.up_to("prepare")

    def full_disk(*_: object) -> None:
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(stages.semantic_stages, "describe", full_disk)
        with pytest.raises(OSError, match="No space"):
            run_of(config).up_to("describe")
    again = run_of(config)
    assert again.up_to("describe")
    assert "describe: done before" not in said(again)


def test_a_damaged_record_of_stages_is_named(config) -> None:
    run_of(config).up_to("prepare")
    (config.run_dir / "stages.json").write_text("{")
    with pytest.raises(SraclError, match=r"stages\.json is damaged"):
        run_of(config)


def test_settings_without_effect_on_the_result_change_nothing(config) -> None:
    run_of(config).up_to("train")
    training = config.training.model_copy(update={"threads": 1})
    writer = config.semantics.writer.model_copy(update={"max_cost": 5.0, "concurrency": 2, "timeout": 1.0})
    semantics = config.semantics.model_copy(update={"memory_mb": 1, "writer": writer})
    assert not run_of(config.model_copy(update={"training": training, "semantics": semantics})).up_to("train")


def objectives(config, **sections):
    from sracl.config import ObjectivesConfig

    return config.model_copy(update={"objectives": ObjectivesConfig.model_validate(sections)})


def test_learned_neighbours_need_a_plain_backbone_and_no_texts(config) -> None:
    by_vectors = objectives(config, cross_sequence={"neighbors": "learned"}, intra_sequence={"substitutes": "learned"})
    run = run_of(by_vectors)
    run.up_to("train")
    assert set(run.stamps.stamps) == {"prepare", "baseline", "learned", "train"}
    assert not (config.run_dir / "semantics").exists()
    assert (config.run_dir / "learned" / "prefix_neighbors.npy").exists()
    assert not run_of(by_vectors).up_to("train")


def test_training_anew_leaves_the_plain_backbone_that_learned_neighbours_come_from(config) -> None:
    mixed = objectives(config, cross_sequence={"neighbors": "learned"})
    run_of(mixed).up_to("train")
    plain = config.run_dir / "checkpoints" / "backbone" / "best.safetensors"
    before = plain.stat().st_mtime_ns
    changed = objectives(config, cross_sequence={"neighbors": "learned", "weight": 0.2})
    with pytest.raises(InputError, match=r"cross_sequence\.weight was 0\.1, now 0\.2"):
        run_of(changed).up_to("train")
    run = run_of(changed, overwrite=True)
    run.up_to("train")
    assert "learned: done before" in said(run)
    assert plain.stat().st_mtime_ns == before


def test_objectives_that_are_off_leave_no_trace_in_what_a_training_was_made_from(config) -> None:
    run = run_of(objectives(config, cross_sequence={"weight": 0}))
    run.up_to("train")
    stamped = run.stamps.get("train").settings
    assert stamped["objectives.intra_sequence.weight"] == 0.1
    assert not any(key.startswith("objectives.cross_sequence") for key in stamped)
    changed = objectives(config, cross_sequence={"weight": 0, "temperature": 2})
    assert not run_of(changed).up_to("train")
    both_off = objectives(config, cross_sequence={"weight": 0}, intra_sequence={"weight": 0})
    with pytest.raises(InputError, match=r"intra_sequence\.weight was 0\.1, now not in use"):
        run_of(both_off).up_to("train")


OFF = {"cross_sequence": {"weight": 0}, "intra_sequence": {"weight": 0}}


@pytest.mark.parametrize("kind", ["text-initialised", "text-adapted", "dual-view"])
def test_item_vectors_of_texts_are_embedded_without_neighbours_and_the_model_needs_neither(tmp_path, kind: str) -> None:
    write_data(tmp_path)
    baselines = {"baselines": ["backbone"]}
    path = write_config(tmp_path, item_embedding={"kind": kind}, objectives=OFF, evaluation=baselines)
    run = run_of(read_config(path))
    assert run.up_to("recommend")
    semantics = run.folder / "semantics"
    assert (semantics / "item_embeddings.npy").exists()
    assert not (semantics / "prefix_neighbors.npy").exists()
    assert f"{kind} sasrec" in said(run)
    assert "plain sasrec" in said(run)
    shutil.move(run.folder / "model", tmp_path / "alone")
    shutil.rmtree(run.folder)
    model = Recommender.load(tmp_path / "alone")
    assert model.recommend(k=2).height == 2 * USERS
    assert model.item_embedding.kind == kind


def test_another_kind_of_item_vectors_is_another_training(tmp_path) -> None:
    write_data(tmp_path)
    path = write_config(tmp_path, item_embedding={"kind": "text-adapted"}, objectives=OFF)
    run_of(read_config(path)).up_to("train")
    with pytest.raises(InputError, match=r"item_embedding\.adapter was None, now 'linear'"):
        run_of(read_config(path, ["item_embedding.adapter=linear"])).up_to("train")


def test_item_vectors_of_texts_that_are_not_there_are_refused(tmp_path) -> None:
    write_data(tmp_path)
    path = write_config(tmp_path, item_embedding={"kind": "dual-view"})
    with pytest.raises(InputError, match=r"item_embedding\.kind is `dual-view`, but the items have no text"):
        run_of(read_config(path, ["dataset.items=null"])).up_to("train")


def test_half_precision_is_another_embedding_and_the_default_leaves_no_trace(config) -> None:
    """Artefacts from before there was a choice stay valid."""
    run = run_of(config)
    run.up_to("embed")
    assert "semantics.encoder.precision" not in run.stamps.get("embed").settings
    encoder = config.semantics.encoder.model_copy(update={"precision": "bfloat16"})
    changed = config.model_copy(update={"semantics": config.semantics.model_copy(update={"encoder": encoder})})
    with pytest.raises(InputError, match=r"precision was not in use, now 'bfloat16'"):
        run_of(changed).up_to("embed")


def test_a_record_that_holds_a_setting_without_effect_stays_valid(config) -> None:
    """Earlier versions recorded some of them."""
    run_of(config).up_to("neighbors")
    record = json.loads((config.run_dir / "stages.json").read_text())
    record["describe"]["settings"]["semantics.writer.max_cost"] = None
    for stage in ("embed", "neighbors"):
        before = {
            name: Stamp(**{key: value for key, value in record[name].items() if key != "fingerprint"}).fingerprint
            for name in record[stage]["before"]
        }
        record[stage]["before"] = before
    (config.run_dir / "stages.json").write_text(json.dumps(record))
    writer = config.semantics.writer.model_copy(update={"max_cost": 5.0})
    changed = config.model_copy(update={"semantics": config.semantics.model_copy(update={"writer": writer})})
    assert not run_of(changed).up_to("neighbors")


def test_the_engine_is_given_back_before_training(config, monkeypatch) -> None:
    order: list[str] = []

    class Recording(LocalEngine):
        def close(self) -> None:
            order.append("closed")

    @contextmanager
    def opened(config):
        yield Recording()

    def noted(stage):
        return replace(stage, make=lambda run: order.append(stage.name))

    monkeypatch.setattr(run_module, "open_engine", opened)
    monkeypatch.setattr(run_module, "STAGES", tuple(noted(s) if s.name != "prepare" else s for s in STAGES))
    run_of(config).up_to("train")
    assert order[order.index("describe") : order.index("neighbors") + 1] == ["describe", "embed", "neighbors"]
    assert order[order.index("train") - 1] == "closed"


def test_a_record_made_before_the_wanted_recall_could_be_set_stays_valid_for_its_default_alone(config) -> None:
    run_of(config).up_to("neighbors")
    record = json.loads((config.run_dir / "stages.json").read_text())
    assert "semantics.recall" not in record["neighbors"]["settings"]
    other = config.model_copy(update={"semantics": config.semantics.model_copy(update={"recall": 0.9})})
    with pytest.raises(InputError, match=r"semantics\.recall was not in use, now 0\.9"):
        run_of(other).up_to("neighbors")
