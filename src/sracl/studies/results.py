"""A study's results: what its finished runs measured, and how the variants compare."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray

from sracl.errors import InputError, SraclError
from sracl.evaluation.groups import Groups
from sracl.evaluation.metrics import METRICS
from sracl.evaluation.significance import Comparison, compare, holm, paired_p
from sracl.studies.definition import Study
from sracl.studies.records import Record, Records
from sracl.studies.worker import Task

WAYS = {"kept": "seen items kept", "unseen": "seen items removed"}
"""Both ways to rank, and what they are called."""
Float64 = NDArray[np.float64]


@dataclass(frozen=True)
class Results:
    """What a study found.

    runs: a row a variant and seed that is done: `variant, seed, key, seconds, epochs, best_epoch, device`, then
    `PART/WAY/METRIC`, such as `test/kept/NDCG@10`.
    comparisons: a row a pair, a way and a group: `way, grouping, group` (null: all targets), `variant, other`, the
    fields of `Comparison`, `relative` (the effect over the other's metric), and `p_users_holm, p_seeds_holm`, corrected
    over all that is compared in the same way. Tests over users are null where the ranks did not come along.
    metric: what is compared.
    """

    study: Study
    metric: str
    runs: pl.DataFrame
    comparisons: pl.DataFrame


def read_results(
    study: Study, records: Records, tasks: Sequence[Task], metric: str, groups: Mapping[str, Groups]
) -> Results:
    """Gather the records of those of a study's runs that are done, and compare its pairs.

    groups: of the test targets, by the name of the grouping, to compare in too. Raises InputError for an unknown
    metric.
    """
    _split_metric(metric)
    found = [(task, record) for task in tasks if (record := records.find(task.key)) is not None]
    runs = pl.DataFrame([{"variant": task.variant} | _row(record) for task, record in found], infer_schema_length=None)
    keys: dict[str, dict[int, str]] = {}
    for task, record in found:
        keys.setdefault(task.variant, {})[task.config.seed] = record.key
    rows = [row for way in WAYS for row in _compared(study, _Values(records, metric, way), keys, groups)]
    comparisons = pl.DataFrame(rows, schema=COLUMNS, orient="row") if rows else pl.DataFrame(schema=COLUMNS)
    return Results(study, metric, runs, comparisons)


def _row(record: Record) -> dict[str, Any]:
    facts = {name: getattr(record, name) for name in ("seed", "key", "seconds", "epochs", "best_epoch")}
    facts["device"] = record.made.get("device", "")
    for part in ("validation", "test"):
        facts |= {f"{part}/kept/{name}": value for name, value in getattr(record, part).items()}
        facts |= {f"{part}/unseen/{name}": value for name, value in getattr(record, f"{part}_unseen").items()}
    return facts


COLUMNS: dict[str, Any] = {
    "way": pl.String, "grouping": pl.String, "group": pl.String, "variant": pl.String, "other": pl.String,
    "users": pl.Int64, "seeds": pl.Int64, "mean": pl.Float64, "reference": pl.Float64, "effect": pl.Float64,
    "relative": pl.Float64, "low": pl.Float64, "high": pl.Float64, "p_users": pl.Float64, "p_seeds": pl.Float64,
    "p_users_holm": pl.Float64, "p_seeds_holm": pl.Float64,
}  # fmt: skip


class _Values:
    """One metric, one way, of every user: read from the ranks of a run, once."""

    def __init__(self, records: Records, metric: str, way: str) -> None:
        self.records, self.metric, self.way = records, metric, way
        self.of_run = cache(self._of_run)

    def _of_run(self, key: str) -> tuple[NDArray[np.int64], Float64] | None:
        """Users and values of a run's test targets, `[n]` each; None where the ranks did not come along."""
        ranks = self.records.ranks(key)
        if ranks is None:
            return None
        name, cutoff = _split_metric(self.metric)
        values = METRICS[name](torch.from_numpy(ranks[self.way].to_numpy().astype(np.int64)), cutoff)
        return ranks["user"].to_numpy().astype(np.int64), values.numpy()

    def mean(self, key: str) -> float:
        """The metric of a run: from its ranks, else as its record has it."""
        if (found := self.of_run(key)) is not None:
            return float(found[1].mean())
        record = self.records.find(key)
        assert record is not None
        metrics = record.test if self.way == "kept" else record.test_unseen
        return metrics.get(self.metric, float("nan"))


def _compared(
    study: Study, values: _Values, keys: Mapping[str, Mapping[int, str]], groups: Mapping[str, Groups]
) -> list[dict[str, Any]]:
    """A row a pair of which both are done with a seed in common, over all targets and in each group."""
    rows: list[dict[str, Any]] = []
    for variant, other in study.compared:
        seeds = sorted(set(keys.get(variant, {})) & set(keys.get(other, {})))
        pairs = [(keys[variant][seed], keys[other][seed]) for seed in seeds]
        for grouping, group, members in _parts_of(groups):
            if pairs and (found := _compare(values, pairs, members)) is not None:
                place = {"way": values.way, "grouping": grouping, "group": group, "variant": variant, "other": other}
                relative = found["effect"] / found["reference"] if found["reference"] else None
                rows.append(place | found | {"relative": relative})
    for test in ("p_users", "p_seeds"):
        for row, corrected in zip(rows, holm([row[test] for row in rows]), strict=True):
            row[f"{test}_holm"] = corrected
    return rows


def _parts_of(groups: Mapping[str, Groups]) -> Iterator[tuple[str | None, str | None, NDArray[np.bool_] | None]]:
    yield None, None, None
    for grouping, found in groups.items():
        for number, label in enumerate(found.labels):
            if (members := found.members(number)).any():
                yield grouping, label, members


def _compare(
    values: _Values, pairs: Sequence[tuple[str, str]], members: NDArray[np.bool_] | None
) -> dict[str, Any] | None:
    """The fields of a Comparison. None for a group of runs whose ranks did not come along."""
    found = [values.of_run(key) for pair in pairs for key in pair]
    arrays = [_by_user(*one, members) for one in found if one is not None]
    if len(arrays) == len(found) and all(np.array_equal(users, arrays[0][0]) for users, _ in arrays):
        stacked = np.stack([of_users for _, of_users in arrays])
        return asdict(compare(stacked[0::2], stacked[1::2]))
    return _of_means(values, pairs) if members is None else None


def _by_user(
    users: NDArray[np.int64], values: Float64, members: NDArray[np.bool_] | None
) -> tuple[NDArray[np.int64], Float64]:
    """Each user's mean over those of the targets, so that a user counts once."""
    if members is not None:
        if len(members) != len(users):
            raise SraclError(f"the data have {len(members)} test targets, but a run ranked {len(users)}: other data")
        users, values = users[members], values[members]
    known, owner = np.unique(users, return_inverse=True)
    return known, np.bincount(owner, weights=values) / np.bincount(owner)


def _of_means(values: _Values, pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """What can be said without users: effect and test over the seeds' means."""
    means = np.array([[values.mean(variant), values.mean(other)] for variant, other in pairs])
    difference = means[:, 0] - means[:, 1]
    mean, reference = (float(column.mean()) for column in means.T)
    found = Comparison(0, len(pairs), mean, reference, float(difference.mean()), 0.0, 0.0, None, paired_p(difference))
    return asdict(found) | {"users": None, "low": None, "high": None}


def _split_metric(metric: str) -> tuple[str, int]:
    name, at, cutoff = metric.partition("@")
    if name not in METRICS or not at or not cutoff.isdecimal() or int(cutoff) < 1:
        raise InputError(f"there is no metric {metric!r}; write one as NDCG@10: {', '.join(METRICS)}, @ and a cutoff")
    return name, int(cutoff)
