"""Neighbour pools: which prefixes retrieval could choose from, and which of them training reads."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from sracl.auditing.evidence import TESTS, VALIDATES, Evidence
from sracl.auditing.findings import Finding, judged, worst
from sracl.semantics import index

BLOCK = 1 << 17
NAMES = {"semantics": "neighbours by texts", "learned": "neighbours by a plain backbone"}


def check_neighbours(evidence: Evidence) -> Iterator[Finding]:
    """The pool's rows, then the cells of each array of prefix neighbours that a row of training's reads."""
    if not evidence.semantic:
        return
    yield _pool(evidence)
    for name, told in NAMES.items():
        if (evidence.folder / name / index.PREFIX_NEIGHBORS).exists():
            yield _cells(evidence, evidence.folder / name / index.PREFIX_NEIGHBORS, told)


def _pool(evidence: Evidence) -> Finding:
    validation = int((evidence.ends_with == VALIDATES).sum())
    test = int((evidence.ends_with == TESTS).sum())
    told = f"{len(evidence.positions):,} prefixes, {validation:,} end in validation items, {test:,} in test items"
    counts = {"prefixes": len(evidence.positions), "end_in_validation": validation, "end_in_test": test}
    verdict = worst([judged(validation, evidence.paper), judged(test, False)])
    return Finding("prefix pool", verdict, told, counts)


def _cells(evidence: Evidence, path: Path, name: str) -> Finding:
    users, positions, kinds = evidence.users, evidence.positions, evidence.ends_with
    neighbours = index.open_array(path, len(positions))
    asked = np.flatnonzero(evidence.asks(users, positions))
    counts = dict.fromkeys(("cells", "end_in_validation", "end_in_test", "same_user", "hold_their_own_target"), 0)
    for begin in range(0, len(asked), BLOCK):
        queries = asked[begin : begin + BLOCK]
        cells = index.checked_neighbors(np.asarray(neighbours[queries]), len(positions))
        rows, _ = np.nonzero(cells >= 0)
        query, found = queries[rows], cells[cells >= 0]
        same = users[query] == users[found]
        counts["cells"] += len(found)
        counts["end_in_validation"] += int((kinds[found] == VALIDATES).sum())
        counts["end_in_test"] += int((kinds[found] == TESTS).sum())
        counts["same_user"] += int(same.sum())
        counts["hold_their_own_target"] += int((same & (positions[found] > positions[query])).sum())
    told = (
        f"of {counts['cells']:,} neighbours that training reads, {counts['end_in_validation']:,} end in validation "
        f"items, {counts['end_in_test']:,} in test items; {counts['same_user']:,} are the same user's, "
        f"{counts['hold_their_own_target']:,} of these hold the item that is asked for"
    )
    held_out = judged(counts["end_in_validation"], evidence.paper)
    verdict = worst([held_out, judged(counts["end_in_test"], False), judged(counts["same_user"], evidence.paper)])
    return Finding(name, verdict, told, counts)
