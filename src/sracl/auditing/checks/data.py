"""The data themselves: the k-core, the catalogue, and time across users."""

from collections.abc import Iterator

import numpy as np

from sracl.auditing.evidence import Evidence
from sracl.auditing.findings import Finding, Verdict, judged
from sracl.datasets.core import k_core
from sracl.datasets.splits.base import PARTS
from sracl.datasets.splits.time_overlap import later_training_share


def check_data(evidence: Evidence) -> Iterator[Finding]:
    """The k-core counted all interactions; the catalogue knows all items; other users' training may be later."""
    yield _core(evidence)
    yield _catalogue(evidence)
    yield _repeats(evidence)
    yield _time(evidence)


def _core(evidence: Evidence) -> Finding:
    """Who would have been removed had only training interactions counted, by the core that the data are found in."""
    histories, training = evidence.dataset.histories, evidence.split.training
    of_items = np.bincount(histories.values, minlength=evidence.dataset.item_count)
    core = int(min(histories.lengths.min(), of_items.min()))
    owners = np.repeat(np.arange(len(training)), training.lengths)
    kept = k_core(owners, training.values, core)
    users = evidence.dataset.user_count - len(np.unique(owners[kept]))
    items = evidence.dataset.item_count - len(np.unique(training.values[kept]))
    counts = {"core": core, "users_by_later_interactions": users, "items_by_later_interactions": items}
    if core <= 1:
        return Finding("k-core", Verdict.CLEAN, "users and items of a single interaction are there: no core", counts)
    told = (
        f"everybody and everything has {core} interactions or more, held-out ones counted; by training alone {users:,} "
        f"users and {items:,} items would not be in a {core}-core. So public data sets are made: that a user or item "
        "is there tells that it has a future"
    )
    return Finding("k-core", judged(users + items, True), told, counts)


def _catalogue(evidence: Evidence) -> Finding:
    trained = np.bincount(evidence.split.training.values, minlength=evidence.dataset.item_count) > 0
    unknown = int((~trained).sum())
    counts: dict[str, int | float] = {"items": len(trained), "items_without_training": unknown}
    for part in PARTS:
        counts[f"{part}_targets_without_training"] = int((~evidence.split.known(part)).sum())
    told = (
        f"{unknown:,} of {len(trained):,} items occur in no training interaction: they are ranked, are wrong answers "
        f"in training, and may stand in for others by their texts; {counts['test_targets_without_training']:,} test "
        "targets are such items"
    )
    return Finding("catalogue", judged(unknown, True), told, counts)


def _repeats(evidence: Evidence) -> Finding:
    """Targets that their users had before, which is no leak: whoever repeats the history finds them."""
    counts: dict[str, int | float] = {}
    training = evidence.split.training
    owners = np.repeat(np.arange(len(training)), training.lengths)
    had = np.unique(owners * evidence.dataset.item_count + training.values)
    for part in PARTS:
        asked = evidence.split.part(part).users * evidence.dataset.item_count + evidence.split.targets(part)
        counts |= {f"{part}_targets": len(asked), f"{part}_targets_had_in_training": int(np.isin(asked, had).sum())}
    told = f"{counts['test_targets_had_in_training']:,} of {counts['test_targets']:,} test targets, which is no leak"
    return Finding("targets the user had in training", Verdict.CLEAN, told, counts)


def _time(evidence: Evidence) -> Finding:
    way, times = "time across users", evidence.dataset.times
    admitted = evidence.split.name == "leave-one-out"
    if times is None:
        told = "the data have no times, so it cannot be counted how much of training is later than a target"
        return Finding(way, Verdict.BY_DESIGN if admitted else Verdict.UNPROVEN, told)
    shares = {part: later_training_share(evidence.split, times, part) for part in PARTS}
    counts = {f"training_later_than_{part}_target": round(share, 6) for part, share in shares.items()}
    told = (
        f"{shares['test']:.1%} of the training interactions are later than a test target, {shares['validation']:.1%} "
        "than a validation target, on average"
    )
    verdict = Verdict.CLEAN if not any(shares.values()) else judged(1, admitted)
    return Finding(way, verdict, told, counts)
