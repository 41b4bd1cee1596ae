"""What a store of answers holds."""

from pathlib import Path

from sracl.semantics.language_models.store import AnswerStore


def contents(path: Path) -> tuple[set, list]:
    """Answers and failures, without their times."""
    with AnswerStore(path) as store:
        answers = {record[:-1] for records in store.records() for record in records}
        return answers, store.failures().drop("time").sort("key").rows()
