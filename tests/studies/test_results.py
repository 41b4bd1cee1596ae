"""What a study compares is computed from every user's ranks, paired."""

import numpy as np
import polars as pl
import pytest

from sracl.errors import InputError, SraclError
from sracl.evaluation.groups import Groups
from sracl.evaluation.significance import compare, holm
from sracl.studies.definition import Study, Variant
from sracl.studies.results import read_results
from support.small_study import made_study

STUDY = Study("one", (Variant("a"), Variant("b"), Variant("c")), (("c", "a"), ("c", "b")))
USERS = [0, 1, 2, 2, 2, 4, 5, 6, 7, 7]
"""Two users with several targets."""


def ndcg_by_user(ranks: pl.DataFrame, way: str) -> dict[int, float]:
    """Plainly: every user's mean over targets of 1 / log2(rank + 1) up to rank 10."""
    gains: dict[int, list[float]] = {}
    for user, rank in ranks.select("user", way).iter_rows():
        gains.setdefault(user, []).append(1 / np.log2(rank + 1) if rank <= 10 else 0.0)
    return {user: sum(values) / len(values) for user, values in sorted(gains.items())}


def test_pairs_are_compared_user_by_user_and_seed_by_seed(tmp_path) -> None:
    records, tasks = made_study(tmp_path, STUDY, USERS, seeds=2, share={"c": 0.9})
    found = read_results(STUDY, records, tasks, "NDCG@10", {})
    for way in ("kept", "unseen"):
        values = {
            label: np.array(
                [list(ndcg_by_user(records.ranks(t.key), way).values()) for t in tasks if t.variant == label]
            )
            for label in "abc"
        }
        rows = found.comparisons.filter(pl.col("way") == way)
        assert rows.select("variant", "other").rows() == [("c", "a"), ("c", "b")]
        expected = [compare(values["c"], values[other]) for other in "ab"]
        for row, one in zip(rows.iter_rows(named=True), expected, strict=True):
            assert (row["users"], row["seeds"]) == (7, 2)
            for name in ("mean", "reference", "effect", "low", "high", "p_users", "p_seeds"):
                assert row[name] == pytest.approx(getattr(one, name)), name
            assert row["relative"] == pytest.approx(one.effect / one.reference)
        assert rows["p_users_holm"].to_list() == pytest.approx(holm([one.p_users for one in expected]))
        assert rows["p_seeds_holm"].to_list() == pytest.approx(holm([one.p_seeds for one in expected]))


def test_runs_are_a_row_each_with_the_metrics_of_their_records(tmp_path) -> None:
    records, tasks = made_study(tmp_path, STUDY, USERS)
    runs = read_results(STUDY, records, tasks, "NDCG@10", {}).runs
    assert runs.select("variant", "seed").rows() == [(label, seed) for label in "abc" for seed in range(3)]
    record = records.find(tasks[4].key)
    assert runs["test/kept/HR@10"][4] == record.test["HR@10"]
    assert runs["validation/unseen/MRR@20"][4] == record.validation_unseen["MRR@20"]


def test_what_is_not_done_is_left_out_and_pairs_have_the_seeds_that_both_have(tmp_path) -> None:
    records, tasks = made_study(tmp_path, STUDY, USERS)
    gone = [task for task in tasks if (task.variant, task.config.seed) in {("a", 0), ("a", 1), ("a", 2), ("c", 1)}]
    for task in gone:
        (tmp_path / "runs" / f"{task.key}.json").unlink()
    found = read_results(STUDY, records, tasks, "NDCG@10", {})
    assert found.runs.height == 5
    assert found.comparisons.select("other", "seeds").rows() == [("b", 2), ("b", 2)]


def test_groups_hold_their_own_users_and_are_corrected_together(tmp_path) -> None:
    records, tasks = made_study(tmp_path, STUDY, USERS, share={"c": 0.9})
    groups = {"history": Groups(("few", "some", "many"), np.array([0, 0, 0, 2, 0, 2, 2, 2, 2, 2]))}
    rows = read_results(STUDY, records, tasks, "HR@10", groups).comparisons.filter(pl.col("way") == "kept")
    assert rows.select("group", "users").rows() == [(None, 7), ("few", 3), ("many", 5)] * 2
    assert rows["p_users_holm"].to_list() == pytest.approx(holm(rows["p_users"].to_list()))
    one = [records.ranks(task.key) for task in tasks if task.variant == "c"]
    hits = [[(r["kept"][0] <= 10), (r["kept"][1] <= 10), (r["kept"][[2, 4]] <= 10).mean()] for r in one]
    assert rows["mean"][1] == pytest.approx(np.mean(hits))
    with pytest.raises(SraclError, match="the data have 3 test targets, but a run ranked 10"):
        read_results(STUDY, records, tasks, "HR@10", {"history": Groups(("all",), np.zeros(3, dtype=np.int64))})


def test_without_ranks_effects_and_seeds_are_still_told(tmp_path) -> None:
    records, tasks = made_study(tmp_path, STUDY, USERS)
    whole = read_results(STUDY, records, tasks, "NDCG@10", {}).comparisons
    for path in (tmp_path / "runs").glob("*.parquet"):
        path.unlink()
    found = read_results(STUDY, records, tasks, "NDCG@10", {"some": Groups(("all",), np.zeros(10, dtype=int))})
    assert found.comparisons["users"].null_count() == found.comparisons["p_users_holm"].null_count() == 4
    assert found.comparisons["p_seeds"].null_count() == 0
    assert found.comparisons["group"].null_count() == 4, "a group needs users"
    assert whole["p_users"].null_count() == 0


def test_runs_that_ranked_other_users_are_compared_by_their_means(tmp_path) -> None:
    records, tasks = made_study(tmp_path, STUDY, USERS)
    other, _ = made_study(tmp_path / "other", STUDY, [*USERS[:-1], 9])
    for task in tasks:
        if task.variant == "a":
            records.put(other.find(task.key), other.ranks(task.key))
    rows = read_results(STUDY, records, tasks, "NDCG@10", {}).comparisons
    assert rows.filter(pl.col("other") == "a")["users"].null_count() == 2
    assert rows.filter(pl.col("other") == "b")["users"].null_count() == 0


@pytest.mark.parametrize("metric", ["NDCG", "NDCG@", "ndcg@10", "NDCG@0", "NDCG@x"])
def test_an_unknown_metric_is_named(tmp_path, metric: str) -> None:
    with pytest.raises(InputError, match="there is no metric"):
        read_results(STUDY, *made_study(tmp_path, STUDY, USERS, seeds=1), metric, {})
