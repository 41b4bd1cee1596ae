"""Ways by which held-out interactions could reach training. A new one is a file here and a line in `CHECKS`."""

from collections.abc import Callable, Iterator

from sracl.auditing.checks.data import check_data
from sracl.auditing.checks.embeddings import check_embeddings
from sracl.auditing.checks.neighbours import check_neighbours
from sracl.auditing.checks.statements import check_statements
from sracl.auditing.checks.texts import check_texts
from sracl.auditing.checks.training import check_training
from sracl.auditing.checks.tuning import check_tuning
from sracl.auditing.evidence import Evidence
from sracl.auditing.findings import Finding

CHECKS: tuple[Callable[[Evidence], Iterator[Finding]], ...] = (
    check_statements,
    check_texts,
    check_embeddings,
    check_neighbours,
    check_training,
    check_tuning,
    check_data,
)
