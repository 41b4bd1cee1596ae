"""Texts: can each be derived from what it may see? Those of a language model by the prompt that it answers."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sracl.auditing.evidence import TESTS, TRAINS, VALIDATES, Evidence
from sracl.auditing.findings import Finding, Verdict, judged, worst
from sracl.datasets.prefixes import PrefixPool
from sracl.semantics.language_models.request import Answer, Request
from sracl.semantics.language_models.store import AnswerStore
from sracl.semantics.writers import LanguageModelWriter, TemplateWriter, make_writer
from sracl.semantics.writers.answers import UnusableError
from sracl.semantics.writers.profile_policy import profiled_positions


@dataclass
class Origins:
    """Where texts come from, counted: read_training ... read_test by the latest interaction that a text read."""

    texts: int = 0
    from_fields: int = 0
    read_training: int = 0
    read_validation: int = 0
    read_test: int = 0
    unknown: int = 0
    reasons: list[str] = field(default_factory=list)

    def finding(self, way: str, paper: bool) -> Finding:
        """The verdict on these texts under a protocol."""
        parts = (
            (self.from_fields, "hold the item's fields alone"),
            (self.read_training, "answer prompts of training interactions"),
            (self.read_validation, "answer prompts that end in validation interactions"),
            (self.read_test, "answer prompts that end in test interactions"),
            (self.unknown, "have an origin that is not proven"),
        )
        shown = [f"{count:,} {what}" for count, what in parts if count]
        told = f"of {self.texts:,} texts " + ", ".join(shown) if shown else "there are none"
        told = "; ".join([told, *self.reasons])
        unproven = Verdict.UNPROVEN if self.unknown else Verdict.CLEAN
        verdict = worst([judged(self.read_validation, paper), judged(self.read_test, False), unproven])
        counts: dict[str, int | float] = {name: value for name, value in vars(self).items() if isinstance(value, int)}
        return Finding(way, verdict, told, counts)


def check_texts(evidence: Evidence) -> Iterator[Finding]:
    """Items' texts, then profiles of prefixes."""
    if not evidence.semantic:
        return
    writer = make_writer(evidence.config.semantics)
    stored = evidence.config.semantics.writer.store.exists()
    answers = _Answers(writer) if stored and isinstance(writer, LanguageModelWriter) else None
    yield _items(evidence, answers).finding("item descriptions", evidence.paper)
    yield _profiles(evidence, answers).finding("profiles", evidence.paper)


class _Answers:
    """Texts that the store's answers give to requests."""

    def __init__(self, writer: LanguageModelWriter) -> None:
        self.writer = writer

    def of(self, requests: Sequence[Request], read: Callable[[Answer], str]) -> list[str | None]:
        """The text of each request's stored answer; None where there is none that can be used."""
        with AnswerStore(self.writer.writer.store) as store:
            found = store.get_many([request.key for request in requests])
        return [_read(read, found.get(request.key)) for request in requests]


def _read(read: Callable[[Answer], str], answer: Answer | None) -> str | None:
    try:
        return None if answer is None else read(answer)
    except UnusableError:
        return None


def _items(evidence: Evidence, answers: _Answers | None) -> Origins:
    """Each text against the item's own fields, then against answers to prompts of ever more interactions."""
    dataset, texts = evidence.dataset, evidence.items["text"]
    origins = Origins(texts=len(texts) - texts.null_count())
    template = TemplateWriter().describe_items(dataset, evidence.whole)["text"]
    left = (texts.is_not_null() & ~texts.eq_missing(template)).arg_true().to_numpy().astype(np.int64)
    origins.from_fields = origins.texts - len(left)
    if answers is None:
        return _without_answers(origins, left)
    length = evidence.config.dataset.max_length
    pools = {
        "read_training": PrefixPool(evidence.split.training, length),
        "read_validation": PrefixPool(evidence.split.through_validation(), length),
        "read_test": evidence.whole,
    }
    for name, pool in pools.items():
        requests = list(answers.writer.item_requests(dataset, pool, left.tolist()))
        same = _equal(texts, left, answers.of(requests, answers.writer.read_item))
        setattr(origins, name, int(same.sum()))
        left = left[~same]
    origins.unknown = len(left)
    return origins


def _profiles(evidence: Evidence, answers: _Answers | None) -> Origins:
    """Each text against the answer to the prefix whose profile it is, else against all prefixes of its user."""
    texts = evidence.profiles["text"]
    rows = texts.is_not_null().arg_true().to_numpy().astype(np.int64)
    origins = Origins(texts=len(rows))
    if answers is None:
        return _without_answers(origins, rows)
    settings, users = evidence.config.semantics, evidence.users[rows]
    last = np.maximum(evidence.split.training_lengths[users], 1)
    positions = profiled_positions(evidence.positions[rows], last, settings.profiles, settings.profiles_every)
    same = _are_answers(evidence, answers, rows, positions)
    ends = evidence.kind_of(users[same], positions[same]).tolist()
    for row in rows[~same].tolist():
        everything = np.arange(1, evidence.dataset.histories.lengths[evidence.users[row]] + 1)
        among = np.full(len(everything), row)
        found = everything[_are_answers(evidence, answers, among, everything)][:1]
        ends += evidence.kind_of(evidence.users[among[: len(found)]], found).tolist()
    origins.read_training, origins.read_validation, origins.read_test = (
        ends.count(kind) for kind in (TRAINS, VALIDATES, TESTS)
    )
    origins.unknown = len(rows) - len(ends)
    return origins


def _are_answers(
    evidence: Evidence, answers: _Answers, rows: NDArray[np.int64], positions: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Whether each row's text answers the prompt about the first `positions` items of its user."""
    numbers = evidence.whole.number(evidence.users[rows], positions)
    requests = list(answers.writer.profile_requests(evidence.dataset, evidence.whole, numbers))
    return _equal(evidence.profiles["text"], rows, answers.of(requests, answers.writer.read_profile))


def _equal(texts: pl.Series, rows: NDArray[np.int64], given: list[str | None]) -> NDArray[np.bool_]:
    wanted = texts.gather(pl.Series(rows, dtype=pl.UInt32))
    return (wanted == pl.Series(given, dtype=pl.String)).fill_null(False).to_numpy()


def _without_answers(origins: Origins, left: NDArray[np.int64]) -> Origins:
    origins.unknown = len(left)
    if len(left):
        origins.reasons.append("the store of answers (semantics.writer.store) is not there")
    return origins
