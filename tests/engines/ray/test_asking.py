"""Asking through Ray's workers: one store, one set of limits, as if one process asked."""

import asyncio
import time
from functools import partial
from pathlib import Path

import pytest

from semantics.language_models.test_asking import not_bad, question, requests, stored
from sracl.config import WriterConfig
from sracl.engines import LOCAL, Engine
from sracl.engines.base import Connect
from sracl.errors import InputError, SraclError
from sracl.semantics.language_models import settling
from sracl.semantics.language_models.asking import AskSettings, Tally, ask_all
from sracl.semantics.language_models.client import FatalError
from sracl.semantics.language_models.local_server import default_model_file
from sracl.semantics.language_models.request import Message, Request
from sracl.semantics.language_models.store import AnswerStore
from sracl.semantics.writers.connecting import connected
from support.answers import contents
from support.chat_server import Reply, chat_server
from support.connections import connection_to, dying_connection_to

pytestmark = pytest.mark.slow


def ask(engine: Engine, connect: Connect, path: Path, count: int, **settings: object) -> Tally:
    async def run() -> Tally:
        async with engine.connect(connect, computes=False) as connection:
            with AnswerStore(path) as store:
                return await ask_all(requests(count), connection.client, store, not_bad, AskSettings(**settings))

    return asyncio.run(run())


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch) -> None:
    monkeypatch.setattr(settling, "FIRST_WAIT", 0.01)


def unsteady(body: dict, number: int) -> Reply:
    """Trouble every third time, one question that is never answered well, and answers that depend on the question."""
    if number % 3 == 1:
        return Reply(status=500)
    about = question(body)
    return Reply("bad" if about == "question 7" else f"an answer to {about}")


def test_the_store_is_the_same_as_that_of_one_process_whatever_the_server_does(ray, tmp_path) -> None:
    for name, engine in (("ray", ray), ("local", LOCAL)):
        with chat_server(unsteady) as server:
            tally = ask(engine, partial(connection_to, server.base_url), tmp_path / name, 40, concurrency=6)
        assert (tally.answered, tally.failed) == (39, 1)
        assert tally.asked == len(server.bodies)
    assert contents(tmp_path / "ray") == contents(tmp_path / "local")


def test_requests_under_way_are_counted_over_all_workers(ray, tmp_path) -> None:
    with chat_server(lambda body, number: Reply(seconds=0.2)) as server:
        ask(ray, partial(connection_to, server.base_url), tmp_path / "store", 40, concurrency=5)
    assert server.most == 5


def test_a_rate_is_kept_over_all_workers(ray, tmp_path) -> None:
    with chat_server() as server:
        begin = time.monotonic()
        connect = partial(connection_to, server.base_url)
        ask(ray, connect, tmp_path / "store", 31, requests_per_minute=600, concurrency=20)
        assert time.monotonic() - begin > 1.9


@pytest.mark.parametrize(
    ("budget", "asked"),
    [({"max_requests": 17}, 17), ({"max_cost": 1.0, "price": lambda model, prompt, answer: 0.125}, 8)],
    ids=["requests", "money"],
)
def test_a_budget_is_kept_exactly_and_the_next_call_goes_on(ray, tmp_path, budget: dict, asked: int) -> None:
    with chat_server() as server:
        connect = partial(connection_to, server.base_url)
        tally = ask(ray, connect, tmp_path / "store", 40, concurrency=6, **budget)
        assert len(server.bodies) == tally.asked == asked
        assert tally.stopped == next(iter(budget))
        assert stored(tmp_path / "store", requests(40)) == asked
        assert ask(ray, connect, tmp_path / "store", 40).asked == 40 - asked
    assert len({question(body) for body in server.bodies}) == len(server.bodies) == 40


def test_a_lost_worker_costs_only_what_it_had_under_way(ray, tmp_path) -> None:
    with chat_server(lambda body, number: Reply(seconds=0.05)) as server:
        connect = partial(dying_connection_to, server.base_url, tmp_path)
        tally = ask(ray, connect, tmp_path / "store", 60, concurrency=4)
    assert (tmp_path / "died").exists()
    assert (tally.answered, tally.failed) == (60, 0)
    assert len(server.bodies) - 60 < 4


def test_errors_arrive_as_they_are_and_what_was_answered_stays(ray, tmp_path) -> None:
    with chat_server(lambda body, number: Reply(status=401 if number >= 10 else 200)) as server:
        connect = partial(connection_to, server.base_url)
        with pytest.raises(FatalError, match="answers 401: the key in the variable"):
            ask(ray, connect, tmp_path / "store", 100, concurrency=2)
    assert stored(tmp_path / "store", requests(100)) == 10
    with pytest.raises(InputError, match="the variable SRACL_NO_SUCH_KEY holds no key"):
        ask(
            ray,
            partial(connected, WriterConfig(kind="openai", model="m", api_key_env="SRACL_NO_SUCH_KEY")),
            tmp_path,
            1,
        )


def test_each_worker_serves_a_local_model_to_itself_on_its_own_core(ray) -> None:
    try:
        default_model_file()
    except SraclError as error:
        pytest.skip(str(error))
    writer = WriterConfig(kind="local", concurrency=8, max_prompt_tokens=200)
    hello = [Request("m", (Message("user", f"Say {word}."),), {"max_tokens": 4}) for word in ("yes", "no", "so")]

    async def run() -> tuple[int, list]:
        async with ray.connect(partial(connected, writer), computes=True) as connection:
            return connection.slots, await asyncio.gather(*map(connection.client.ask, hello))

    slots, answers = asyncio.run(run())
    assert slots == 2
    assert [answer.completion_tokens for answer in answers] == [4, 4, 4]
