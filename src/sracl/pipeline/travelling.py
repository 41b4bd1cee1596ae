"""Paid answers on their way: to and from Parquet, to a provider's batch interface and back."""

from itertools import islice
from pathlib import Path

from sracl.config import WriterConfig
from sracl.pipeline.describing import language_model_writer
from sracl.pipeline.run import Run
from sracl.semantics.language_models.batch_files import read_batch_answers, write_batches
from sracl.semantics.language_models.exchange import export_answers, import_answers
from sracl.semantics.language_models.request import Answer, Request
from sracl.semantics.language_models.store import AnswerStore
from sracl.semantics.writers.answers import usable

SHOWN_LINES = 5


def export_to(writer: WriterConfig, path: Path) -> str:
    """Write all answers of the configured store to Parquet; returns what to tell."""
    with AnswerStore(writer.store) as store:
        return f"{path}: {export_answers(store, path):,} answers of {writer.store}"


def import_from(writer: WriterConfig, path: Path) -> str:
    """Add exported answers to the configured store; returns what to tell."""
    with AnswerStore(writer.store) as store:
        return f"{writer.store}: {import_answers(path, store):,} new answers of {path}"


def write_requests(run: Run, folder: Path) -> None:
    """Write what is not answered yet as a provider's batch files into a new folder."""
    writer = language_model_writer(run)
    with AnswerStore(writer.writer.store) as store:
        requests = {request.key: request for request in writer.requests(run.dataset, run.pool)}
        answered = store.answered(list(requests))
    files = write_batches((request for key, request in requests.items() if key not in answered), folder)
    run.display.say(
        f"{folder}: {len(requests) - len(answered):,} requests in {len(files)} files; {len(answered):,} are answered"
    )


def read_answers(run: Run, paths: list[Path]) -> None:
    """Store the answers of a provider's files, judged as if the server had been asked directly."""
    writer = language_model_writer(run)
    everything = writer.requests(run.dataset, run.pool)
    items = {request.key: request for request in islice(everything, run.dataset.item_count)}
    requests = items | {request.key: request for request in everything}

    def judged(request: Request, answer: Answer) -> str | None:
        return usable(writer.read_item if request.key in items else writer.read_profile, answer)

    with AnswerStore(writer.writer.store) as store:
        for path in paths:
            counts = read_batch_answers(path, requests, store, judged)
            run.display.say(
                f"{path}: {counts.stored:,} stored, {counts.failed:,} without a usable answer, "
                f"{counts.unknown:,} of other requests, {len(counts.damaged):,} damaged lines"
            )
            for number, reason in list(counts.damaged.items())[:SHOWN_LINES]:
                run.display.say(f"  line {number}: {reason}")
