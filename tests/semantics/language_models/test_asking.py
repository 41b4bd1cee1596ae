"""Asking for many: everything once, within the limits, whatever the server does, and nothing lost."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from itertools import pairwise
from pathlib import Path

import pytest

from sracl.semantics.language_models import settling
from sracl.semantics.language_models.asking import AskSettings, Tally, ask_all
from sracl.semantics.language_models.client import ChatClient, Endpoint, FatalError
from sracl.semantics.language_models.request import Answer, Message, Request
from sracl.semantics.language_models.store import AnswerStore
from support.chat_server import ChatServer, Reply, chat_server


def requests(count: int) -> list[Request]:
    return [Request("m", (Message("user", f"question {number}"),), {"temperature": 0}) for number in range(count)]


def not_bad(request: Request, answer: Answer) -> str | None:
    return "it is bad" if "bad" in answer.text or not answer.text else None


def ask(server: ChatServer, path: Path, wanted: list[Request], timeout: float = 5.0, **settings: object) -> Tally:
    async def run() -> Tally:
        client = ChatClient(Endpoint(server.base_url, None, timeout))
        try:
            with AnswerStore(path) as store:
                return await ask_all(iter(wanted), client, store, not_bad, AskSettings(**settings))
        finally:
            await client.close()

    return asyncio.run(run())


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "answers.sqlite"


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch) -> None:
    monkeypatch.setattr(settling, "FIRST_WAIT", 0.01)


def stored(path: Path, wanted: list[Request]) -> int:
    with AnswerStore(path) as store:
        return len(store.answered([request.key for request in wanted]))


def question(body: dict) -> str:
    return body["messages"][0]["content"]


def test_every_request_is_asked_once_and_a_second_call_asks_nothing(path) -> None:
    with chat_server() as server:
        tally = ask(server, path, requests(40) + requests(40))
        assert (tally.asked, tally.answered, tally.failed, tally.from_store) == (40, 40, 0, 0)
        assert (tally.prompt_tokens, tally.completion_tokens) == (440, 280)
        again = ask(server, path, requests(50))
    assert (again.asked, again.from_store, again.answered) == (10, 40, 10)
    assert sorted(map(question, server.bodies)) == sorted(f"question {n}" for n in range(50))
    assert stored(path, requests(50)) == 50


def test_no_more_than_the_given_number_is_under_way_and_that_many_are(path) -> None:
    with chat_server(lambda body, number: Reply(seconds=0.05)) as server:
        ask(server, path, requests(60), concurrency=6)
    assert server.most == 6


def test_a_slow_answer_does_not_hold_the_others_up(path) -> None:
    """The first answer comes only when the other 39 have been asked: a client that waited for blocks would stand."""
    others = threading.Semaphore(0)

    def script(body: dict, number: int) -> Reply:
        if question(body) == "question 0":
            assert all(others.acquire(timeout=60) for _ in range(39))
        else:
            others.release()
        return Reply()

    with chat_server(script) as server:
        tally = ask(server, path, requests(40), concurrency=4, timeout=90.0)
    assert (tally.asked, tally.answered) == (40, 40)


def test_an_unusable_answer_is_sent_back_with_its_reason_and_the_store_keeps_the_question(path) -> None:
    def script(body: dict, number: int) -> Reply:
        return Reply("bad" if len(body["messages"]) == 1 else "better")

    with chat_server(script) as server:
        tally = ask(server, path, requests(1))
    assert (tally.asked, tally.answered, tally.retried) == (2, 1, 1)
    assert [message["role"] for message in server.bodies[1]["messages"]] == ["user", "assistant", "user"]
    assert "it is bad" in server.bodies[1]["messages"][-1]["content"]
    with AnswerStore(path) as store:
        assert store.get(requests(1)[0].key).text == "better"


def test_after_the_last_try_a_request_is_recorded_as_failed_and_asked_again_by_a_later_call(path) -> None:
    with chat_server(lambda body, number: Reply("bad")) as server:
        tally = ask(server, path, requests(2), tries=3)
    assert (tally.asked, tally.answered, tally.failed) == (6, 0, 2)
    with AnswerStore(path) as store:
        assert store.failures()["reason"].to_list() == ["it is bad"] * 2
    with chat_server() as server:
        assert ask(server, path, requests(2)).answered == 2
    with AnswerStore(path) as store:
        assert store.failures().is_empty()


@pytest.mark.parametrize(
    "trouble",
    [Reply(status=500), Reply(status=429), Reply(body="{"), Reply(cut=True), Reply(status=503)],
    ids=["500", "429", "half json", "cut", "503"],
)
def test_passing_trouble_costs_repetitions_and_no_answer(path, trouble: Reply) -> None:
    with chat_server(lambda body, number: trouble if number % 3 == 1 else Reply()) as server:
        tally = ask(server, path, requests(20), concurrency=4)
    assert (tally.answered, tally.failed) == (20, 0)
    assert tally.retried == tally.asked - 20 > 0


def test_a_server_that_throttles_is_left_alone_by_everybody_for_as_long_as_it_says(path) -> None:
    times: list[float] = []

    def script(body: dict, number: int) -> Reply:
        times.append(time.monotonic())
        return Reply(status=429, headers={"Retry-After": "1"}) if number == 4 else Reply(seconds=0.01)

    with chat_server(script) as server:
        tally = ask(server, path, requests(30), concurrency=3)
    assert tally.answered == 30
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert max(gaps[4 : 4 + 3]) > 0.8, "at most those already under way came in between"


def test_a_hang_of_one_request_is_outlasted(path) -> None:
    with chat_server(lambda body, number: Reply(seconds=1.0 if number == 2 else 0.0)) as server:
        tally = ask(server, path, requests(8), timeout=0.3, concurrency=2)
    assert tally.answered == 8


def test_a_wrong_key_stops_at_once_and_what_was_answered_stays(path) -> None:
    with (
        chat_server(lambda body, number: Reply(status=401 if number >= 10 else 200)) as server,
        pytest.raises(FatalError, match="401"),
    ):
        ask(server, path, requests(100), concurrency=2)
    assert stored(path, requests(100)) == 10
    assert len(server.bodies) <= 12


def test_a_server_that_is_down_is_told_rather_than_every_request_failed(path) -> None:
    with chat_server() as server:
        pass
    with pytest.raises(FatalError, match=r"times in a row, and no other request was answered"):
        ask(server, path, requests(5), concurrency=2)
    with AnswerStore(path) as store:
        assert store.failures().is_empty()
        assert len(store.claim([request.key for request in requests(5)], "other", 1.0)) == 5, "claims are given back"


@pytest.mark.parametrize("trouble", [Reply(status=500), Reply(seconds=1.0)], ids=["500", "hang"])
def test_a_server_that_never_answers_is_told_after_a_few_calls(path, trouble: Reply) -> None:
    with (
        chat_server(lambda body, number: trouble) as server,
        pytest.raises(FatalError, match="4 times in a row, and no other request was answered"),
    ):
        ask(server, path, requests(50), concurrency=2, timeout=0.1)
    assert len(server.bodies) <= 8
    with AnswerStore(path) as store:
        assert store.failures().is_empty(), "it is the server's fault, not the requests'"


def test_a_server_that_fails_for_one_request_alone_costs_that_one(path) -> None:
    def script(body: dict, number: int) -> Reply:
        return Reply(status=500) if question(body) == "question 3" else Reply()

    with chat_server(script) as server:
        tally = ask(server, path, requests(60), tries=1, concurrency=4)
    assert (tally.answered, tally.failed) == (59, 1)
    with AnswerStore(path) as store:
        assert "answers 500, 8 times in a row" in store.failures()["reason"][0]


def test_a_budget_of_requests_stops_cleanly_and_the_next_call_goes_on(path) -> None:
    with chat_server() as server:
        first = ask(server, path, requests(30), max_requests=12, concurrency=3)
        assert first.stopped == "max_requests"
        assert 12 <= first.asked <= 14
        assert stored(path, requests(30)) == first.answered == first.asked
        second = ask(server, path, requests(30))
    assert second.asked == 30 - first.asked
    assert second.stopped is None


def test_a_budget_of_money_stops_cleanly(path) -> None:
    with chat_server() as server:
        tally = ask(server, path, requests(30), max_cost=0.5, price=lambda m, p, c: 0.1, concurrency=1)
    assert tally.stopped == "max_cost"
    assert tally.asked == 5
    assert tally.cost == pytest.approx(0.5)


def test_an_unknown_price_gives_no_cost_rather_than_none_spent(path) -> None:
    with chat_server() as server:
        assert ask(server, path, requests(2), price=lambda m, p, c: None).cost is None


def test_requests_a_minute_are_kept(path) -> None:
    with chat_server() as server:
        begin = time.monotonic()
        ask(server, path, requests(31), requests_per_minute=600, concurrency=20)
        seconds = time.monotonic() - begin
    assert seconds > 1.9, "30 requests after a burst of one second's worth, ten a second"


PROGRAM = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from semantics.language_models.test_asking import not_bad, requests
from sracl.semantics.language_models.asking import AskSettings, ask_all
from sracl.semantics.language_models.client import ChatClient, Endpoint
from sracl.semantics.language_models.store import AnswerStore

async def main():
    client = ChatClient(Endpoint(sys.argv[1], None, 30.0))
    with AnswerStore(Path(sys.argv[2])) as store:
        settings = AskSettings(concurrency=4)
        await ask_all(iter(requests(120)), client, store, not_bad, settings)

asyncio.run(main())
"""
TESTS = str(Path(__file__).parents[2])


def program(server: ChatServer, path: Path) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-c", PROGRAM, server.base_url, str(path), TESTS])


@pytest.mark.slow
def test_a_killed_run_loses_no_answer_and_asks_only_what_was_under_way_again(path) -> None:
    with chat_server(lambda body, number: Reply(seconds=0.05)) as server:
        first = program(server, path)
        deadline = time.monotonic() + 60
        while len(server.bodies) < 40 and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
        before = stored(path, requests(120))
        assert 30 <= before < 120
        assert program(server, path).wait(timeout=60) == 0, "claims of a dead process are not waited for"
    assert stored(path, requests(120)) == 120
    asked = list(map(question, server.bodies))
    assert len(asked) - len(set(asked)) <= 4


@pytest.mark.slow
def test_two_processes_over_one_store_ask_everything_once(path) -> None:
    with chat_server(lambda body, number: Reply(seconds=0.05)) as server:
        running = [program(server, path) for _ in range(2)]
        assert [process.wait(timeout=120) for process in running] == [0, 0]
    asked = list(map(question, server.bodies))
    assert len(asked) == len(set(asked)) == 120
    assert stored(path, requests(120)) == 120
