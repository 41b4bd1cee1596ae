"""Every planted leak is found, and an honest run is clean."""

import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch

from sracl.auditing import audit
from sracl.auditing.evidence import Evidence
from sracl.config import read_config
from sracl.datasets.prefixes import PrefixPool
from sracl.errors import InputError
from sracl.semantics import index
from sracl.semantics.embeddings import embed_prefixes
from sracl.semantics.index import prefix_ids, write_array, write_table
from sracl.semantics.retrieval import Exclusion, nearest
from sracl.studies.records import Record
from sracl.training.checkpoint import load_tensors, save_tensors
from support.audited import copied, finished_run, found, run_of, stated, verdicts

BY_TEXTS = "neighbours by texts"


@pytest.fixture(scope="module")
def strict_run(tmp_path_factory) -> Path:
    return finished_run(tmp_path_factory.mktemp("strict"))


@pytest.fixture(scope="module")
def paper_run(tmp_path_factory) -> Path:
    return finished_run(tmp_path_factory.mktemp("paper"), protocol="paper")


@pytest.fixture
def strict(strict_run, tmp_path) -> Path:
    return copied(strict_run, tmp_path)


@pytest.fixture
def paper(paper_run, tmp_path) -> Path:
    return copied(paper_run, tmp_path)


def pool_of_run(run_dir: Path) -> PrefixPool:
    evidence = Evidence.of(run_dir)
    return PrefixPool(evidence.split.beginnings(np.bincount(evidence.users)), evidence.config.dataset.max_length)


def changed_array(path: Path, row: int, column: int, value: int) -> None:
    array = np.load(path)
    array[row, column] = value
    np.save(path, array)


def test_an_honest_run_is_clean_but_for_what_the_data_and_the_split_bring_along(strict) -> None:
    result = audit(strict)
    assert not result.leaks
    assert (result.protocol, result.split) == ("strict", "leave-one-out")
    by_design = {way for way, verdict in verdicts(result).items() if verdict != "clean"}
    assert by_design <= {"k-core", "catalogue", "time across users"}
    assert "time across users" in by_design
    pool = found(strict, "prefix pool").counts
    assert pool["prefixes"] == len(np.load(strict / "semantics" / "prefix_neighbors.npy"))


def test_what_the_paper_protocol_admits_is_named_and_counted(paper) -> None:
    result = audit(paper)
    assert not result.leaks
    said = verdicts(result)
    assert said["prefix pool"] == said[BY_TEXTS] == "leak by design"
    pool = pool_of_run(paper)
    neighbours = np.load(paper / "semantics" / "prefix_neighbors.npy")
    evidence = Evidence.of(paper)
    training = evidence.split.training_lengths
    expected = dict.fromkeys(("cells", "end_in_validation", "same_user", "hold_their_own_target"), 0)
    for row, (user, position) in enumerate(zip(pool.users, pool.positions, strict=True)):
        if position >= training[user]:
            continue
        for cell in neighbours[row][neighbours[row] >= 0]:
            expected["cells"] += 1
            expected["end_in_validation"] += int(pool.positions[cell] > training[pool.users[cell]])
            expected["same_user"] += int(pool.users[cell] == user)
            expected["hold_their_own_target"] += int(pool.users[cell] == user and pool.positions[cell] > position)
    counts = found(paper, BY_TEXTS).counts
    assert counts == expected | {"end_in_test": 0}
    assert all(expected.values())
    assert found(paper, "prefix pool").counts["end_in_validation"] == len(evidence.split.validation)


def test_the_paper_protocols_artefacts_in_a_run_that_states_strict_are_leaks(paper) -> None:
    stated(paper, protocol="strict")
    said = verdicts(audit(paper))
    assert said["what the run states"] == said["prefix pool"] == said[BY_TEXTS] == "leak"
    assert "manifest.json says paper, config.yaml strict" in found(paper, "what the run states").told


def test_a_neighbour_of_the_same_user_is_found_only_where_training_reads_it(strict) -> None:
    pool, training = pool_of_run(strict), Evidence.of(strict).split.training_lengths
    path = strict / "semantics" / "prefix_neighbors.npy"
    user = int(np.argmax(training))
    last = int(pool.number(np.array([user]), training[[user]])[0])
    changed_array(path, last, 0, last - 1)  # the whole of training is asked nothing
    assert found(strict, BY_TEXTS).verdict == "clean"
    changed_array(path, last - 1, 0, last)
    finding = found(strict, BY_TEXTS)
    assert finding.verdict == "leak"
    assert (finding.counts["same_user"], finding.counts["hold_their_own_target"]) == (1, 1)


def test_a_pool_with_test_items_is_a_leak_under_both_protocols(paper) -> None:
    evidence = Evidence.of(paper)
    folder, whole = paper / "semantics", evidence.whole
    items = np.load(folder / "item_embeddings.npy")
    prefixes = embed_prefixes(whole, items)
    ids = prefix_ids(evidence.dataset, whole)
    write_table(folder / index.PROFILES, ids.with_columns(text=pl.lit(None, pl.String), source=pl.lit("template")))
    write_array(folder / index.PREFIX_EMBEDDINGS, prefixes)
    write_array(folder / index.PREFIX_NEIGHBORS, nearest(prefixes, 3, Exclusion.itself(len(whole))))
    said = verdicts(audit(paper))
    assert said["prefix pool"] == said[BY_TEXTS] == "leak"
    assert found(paper, "prefix pool").counts["end_in_test"] == len(evidence.split.test)
    assert found(paper, BY_TEXTS).counts["end_in_test"] > 0


def test_an_embedding_of_a_longer_prefix_is_found(strict) -> None:
    path = strict / "semantics" / "prefix_embeddings.npy"
    evidence = Evidence.of(strict)
    last = int(np.flatnonzero(evidence.positions == evidence.split.training_lengths[evidence.users])[0])
    held_out = embed_prefixes(evidence.whole, np.load(strict / "semantics" / "item_embeddings.npy"))
    vectors = np.load(path)
    number = evidence.whole.number(evidence.users[[last]], evidence.positions[[last]] + 1)[0]
    vectors[last] = held_out[number]
    np.save(path, vectors)
    finding = found(strict, "prefix embeddings")
    assert (finding.verdict, finding.counts["of_later_items"]) == ("leak", 1)
    vectors[last] = -held_out[number]
    np.save(path, vectors)
    finding = found(strict, "prefix embeddings")
    assert (finding.verdict, finding.counts["not_their_items"]) == ("not proven", 1)


def test_embeddings_that_are_not_their_texts_are_not_proven(strict) -> None:
    path = strict / "semantics" / "item_embeddings.npy"
    vectors = np.load(path)
    np.save(path, vectors[::-1].copy())
    assert found(strict, "text embeddings").verdict == "not proven"
    np.save(path, vectors)
    (strict / "semantics" / "vectors.sqlite").unlink()
    assert found(strict, "text embeddings").verdict == "not proven"


def test_a_text_that_is_not_the_items_fields_is_not_proven(strict) -> None:
    path = strict / "semantics" / index.ITEMS
    table = pl.read_parquet(path)
    write_table(
        path, table.with_columns(text=pl.col("text").replace({table["text"][3]: "people who bought i07 like it"}))
    )
    finding = found(strict, "item descriptions")
    assert (finding.verdict, finding.counts["unknown"]) == ("not proven", 1)
    assert finding.counts["from_fields"] == table.height - 1


def rewritten_progress(run_dir: Path, change) -> None:
    path = run_dir / "checkpoints" / "model" / "last.safetensors"
    tensors, metadata = load_tensors(path)
    progress = json.loads(metadata["progress"])
    change(progress)
    save_tensors(path, tensors, {"progress": json.dumps(progress)})


def test_an_epoch_that_validation_did_not_choose_is_a_leak(strict) -> None:
    def other_epoch(progress) -> None:
        progress["best_epoch"] = 3 - progress["best_epoch"]

    assert found(strict, "choice of the epoch (model)").verdict == "clean"
    rewritten_progress(strict, other_epoch)
    assert found(strict, "choice of the epoch (model)").verdict == "leak"


def test_an_epoch_that_measured_the_test_is_a_leak(strict) -> None:
    rewritten_progress(strict, lambda progress: progress["history"][1].update({"test": {"NDCG@10": 0.1}}))
    finding = found(strict, "choice of the epoch (model)")
    assert (finding.verdict, finding.counts["epochs_with_test_metrics"]) == ("leak", 1)


def test_training_from_more_targets_than_the_split_has_is_a_leak(strict) -> None:
    expected = Evidence.of(strict).split.training_lengths
    finding = found(strict, "targets of training (model)")
    assert finding.verdict == "clean"
    assert finding.counts["targets"] == int(np.maximum(expected - 1, 0).sum())

    def with_held_out(progress) -> None:
        for record in progress["history"]:
            record["targets_per_second"] *= (finding.counts["targets"] + 2) / finding.counts["targets"]

    rewritten_progress(strict, with_held_out)
    assert found(strict, "targets of training (model)").verdict == "leak"


def test_published_weights_that_validation_did_not_choose_are_not_proven(strict) -> None:
    path = strict / "model" / "weights.safetensors"
    tensors, metadata = load_tensors(path)
    assert found(strict, "published weights").verdict == "clean"
    save_tensors(path, {name: torch.zeros_like(tensor) for name, tensor in tensors.items()}, metadata)
    assert found(strict, "published weights").verdict == "not proven"


def test_the_core_is_counted_again_without_held_out_interactions(strict) -> None:
    finding = found(strict, "k-core")
    evidence = Evidence.of(strict)
    histories, training = evidence.dataset.histories, evidence.split.training
    core = min(histories.lengths.min(), np.bincount(histories.values).min())
    left = {(user, place, item) for user, history in enumerate(training) for place, item in enumerate(history.tolist())}
    while True:
        users, items = Counter(user for user, _, _ in left), Counter(item for _, _, item in left)
        kept = {row for row in left if users[row[0]] >= core and items[row[2]] >= core}
        if kept == left:
            break
        left = kept
    assert finding.counts == {
        "core": core,
        "users_by_later_interactions": evidence.dataset.user_count - len(users),
        "items_by_later_interactions": evidence.dataset.item_count - len(items),
    }
    assert finding.verdict == "leak by design"


def test_time_across_users_leaks_under_leave_one_out_and_not_under_global_time(strict_run, tmp_path) -> None:
    assert found(strict_run, "time across users").counts["training_later_than_test_target"] > 0
    config = read_config(strict_run / "config.yaml")
    split = config.dataset.split.model_copy(update={"kind": "global-time"})
    dataset = config.dataset.model_copy(update={"split": split})
    run_of(config.model_copy(update={"dataset": dataset, "run_dir": tmp_path / "run"})).up_to("train")
    result = audit(tmp_path / "run")
    assert verdicts(result)["time across users"] == "clean"
    assert not result.leaks
    # The artefacts of global time in a run that states leave-one-out: fewer prefixes than may be, other targets.
    stated(tmp_path / "run", dataset=json.loads(config.model_dump_json())["dataset"])
    assert verdicts(audit(tmp_path / "run"))["what the run states"] == "leak"


def test_a_plain_backbone_has_nothing_semantic_to_look_at(tmp_path) -> None:
    none = {"cross_sequence": {"weight": 0}, "intra_sequence": {"weight": 0}}
    result = audit(finished_run(tmp_path, objectives=none))
    assert not {"prefix pool", "profiles", BY_TEXTS} & set(verdicts(result))
    assert not result.leaks


def test_no_run_is_an_error(tmp_path) -> None:
    with pytest.raises(InputError, match="holds no run"):
        audit(tmp_path)


def trial_of_a_search(run_dir: Path, key: str, **test: float) -> None:
    record = Record(key, 0, {}, {"MRR@10": 0.1}, {"MRR@10": 0.1}, test, test, 1.0, 2, 1, {})
    folder = run_dir / "studies" / "tune" / "runs"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{key}.json").write_text(json.dumps(asdict(record)))


def test_a_search_whose_trials_measured_the_test_is_a_leak(strict) -> None:
    trial_of_a_search(strict, "a")
    trial_of_a_search(strict, "b")
    finding = found(strict, "choice of the settings")
    assert (finding.verdict, finding.counts["trials"]) == ("clean", 2)
    trial_of_a_search(strict, "c", **{"NDCG@10": 0.2})
    finding = found(strict, "choice of the settings")
    assert (finding.verdict, finding.counts["trials_that_measured_the_test"]) == ("leak", 1)
