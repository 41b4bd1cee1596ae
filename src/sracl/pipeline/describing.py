"""Looking at what a language model will be asked, what that costs, and what went wrong."""

import json
from collections.abc import Container, Iterator
from datetime import timedelta

import polars as pl

from sracl.engines import open_engine
from sracl.errors import InputError
from sracl.pipeline.run import Run
from sracl.pipeline.updates import texts_before
from sracl.semantics import index
from sracl.semantics.language_models.request import Request
from sracl.semantics.language_models.store import AnswerStore
from sracl.semantics.stages import save_texts, written_texts
from sracl.semantics.writers import LanguageModelWriter, make_writer
from sracl.semantics.writers.plan import plan

SHOWN_FAILURES = 20


def show_plan(run: Run) -> None:
    """Print what describing would take, without asking."""
    writer = language_model_writer(run)
    with run.display.counting("prompts", writer.request_count(run.dataset, run.pool)) as advance:
        found = plan(writer, run.dataset, run.pool, advance)
    rows = [
        ("requests", found.requests),
        ("answered by the store", found.stored),
        ("to ask", found.to_ask),
        ("tokens of their prompts", found.prompt_tokens),
        ("tokens of their answers, at most", found.completion_tokens),
        *cost_rows(found.cost, found.price_as_of, found.seconds, "semantics.writer.prices"),
    ]
    run.display.counts(f"describing with {writer.name}, nothing asked", rows)
    run.display.say(f"tokens counted by {found.counted_by}")
    if found.advice:
        run.display.say(found.advice)


def show_prompts(run: Run, ids: list[str]) -> None:
    """Print the exact messages about items and users (of a user: the last prefix). Raises InputError for others."""
    writer = language_model_writer(run)
    for wanted in ids:
        for kind, request in _requests_about(run, writer, wanted):
            run.display.say(f"--- {kind} {wanted}, asked of {request.model} with {json.dumps(request.parameters)}")
            for message in request.messages:
                run.display.say(f"[{message.role}]\n{message.content}\n")


def show_failures(run: Run) -> None:
    """Print what of this run got no usable answer, the latest first."""
    store = run.config.semantics.writer.store
    failed, others = _failures(run)
    told = f" ({others:,} more there are of other runs or settings)" if others else ""
    run.display.say(f"{failed.height:,} requests without a usable answer in {store}{told}")
    for row in failed.head(SHOWN_FAILURES).iter_rows(named=True):
        run.display.say(f"  {row['subject']}: {row['reason']}; it said {row['last_answer'][:60]!r}")
    if failed.height > SHOWN_FAILURES:
        run.display.say(f"  and {failed.height - SHOWN_FAILURES:,} more")


def retry(run: Run) -> None:
    """Ask once more for what got no usable answer. Where that gave new texts, what follows is to be made anew."""
    failed, _ = _failures(run)
    if failed.is_empty():
        run.display.say("nothing failed: there is nothing to ask again")
        return
    if not run.done("describe"):
        run.up_to("describe")
        return
    folder = run.folder / "semantics"
    with run.display.asking() as on_progress, open_engine(run.config) as engine:
        writer = make_writer(run.config.semantics, on_progress, engine)
        known = texts_before(run.folder, writer.name, run.dataset)
        items, profiles = written_texts(run.dataset, run.pool, writer, known)
    old = index.read_items(folder, run.dataset), index.read_profiles(folder, run.dataset, run.pool)
    if items.equals(old[0]) and profiles.equals(old[1]):
        run.display.say("no new text came of it, so that everything stays as it is")
        return
    run.forget_from("embed")
    save_texts(folder, items, profiles, writer.name, run.config, run.dataset)


def _failures(run: Run) -> tuple[pl.DataFrame, int]:
    """What failed of this run's requests, with a column `subject`, and how many others the store has."""
    writer = language_model_writer(run)
    with AnswerStore(writer.writer.store) as store:
        table = store.failures()
    subjects = dict(_subjects(run, writer, set(table["key"]))) if table.height else {}
    own = table.filter(pl.col("key").is_in(list(subjects)))
    own = own.with_columns(subject=pl.col("key").replace_strict(subjects, return_dtype=pl.String))
    return own, table.height - own.height


def _subjects(run: Run, writer: LanguageModelWriter, keys: Container[str]) -> Iterator[tuple[str, str]]:
    """The keys among this run's requests, each with whom or what it asks about."""
    for item, request in zip(
        run.dataset.catalogue["item_id"], writer.item_requests(run.dataset, run.pool), strict=True
    ):
        if request.key in keys:
            yield request.key, f"item {item}"
    numbers = writer.profiled(run.pool)
    prefixes = index.prefix_ids(run.dataset, run.pool)[numbers]
    for (user, position), request in zip(
        prefixes.iter_rows(), writer.profile_requests(run.dataset, run.pool, numbers), strict=True
    ):
        if request.key in keys:
            yield request.key, f"user {user}, {position} items"


def cost_rows(cost: float | None, as_of: str | None, seconds: float | None, setting: str) -> list[tuple[str, str]]:
    """Price and time as a plan shows them. setting: where a price can be given."""
    price = f"not known; see {setting}" if cost is None else f"{cost:,.4f}"
    time = "not known on this machine" if seconds is None else str(timedelta(seconds=round(seconds)))
    return [
        ("US dollars, at most" + (f" (prices of {as_of})" if as_of else ""), price),
        ("time at the given limits, about", time),
    ]


def language_model_writer(run: Run) -> LanguageModelWriter:
    """The configured writer. Raises InputError where it asks no language model."""
    writer = make_writer(run.config.semantics)
    if not isinstance(writer, LanguageModelWriter):
        raise InputError(
            f"semantics.writer.kind is {run.config.semantics.writer.kind}, which asks no language model; "
            "-o semantics.writer.kind=local does"
        )
    return writer


def _requests_about(run: Run, writer: LanguageModelWriter, wanted: str) -> list[tuple[str, Request]]:
    found: list[tuple[str, Request]] = []
    items = numbers_of(run.dataset.catalogue["item_id"], wanted)
    found += [("item", request) for request in writer.item_requests(run.dataset, run.pool, items)]
    users = numbers_of(run.dataset.users["user_id"], wanted)
    last = run.pool.sequences.offsets[1:][users] - 1
    found += [("user", request) for request in writer.profile_requests(run.dataset, run.pool, last)]
    if not found:
        raise InputError(f"{wanted!r} is neither an item nor a user of {run.folder}")
    return found


def numbers_of(ids: pl.Series, wanted: str) -> list[int]:
    """Rows whose id reads as `wanted`, as a person types it: none or one."""
    return (ids.cast(pl.String) == wanted).arg_true().to_list()
