"""The client: what each misbehaviour of a server means, and that a key stays secret."""

import asyncio
import email.utils
import time

import pytest

from sracl.errors import InputError
from sracl.semantics.language_models.client import (
    ChatClient,
    Endpoint,
    FatalError,
    RejectedError,
    RetryableError,
    retry_after,
)
from sracl.semantics.language_models.request import Answer, Message, Request
from support.chat_server import Reply, Script, chat_server

KEY = "sk-very-secret-0123456789"
REQUEST = Request(
    "model-1", (Message("system", "be brief"), Message("user", "hello")), {"temperature": 0, "max_tokens": 9}
)


@pytest.fixture(autouse=True)
def _key(monkeypatch) -> None:
    monkeypatch.setenv("SRACL_TEST_KEY", KEY)


def ask(base_url: str, request: Request = REQUEST, timeout: float = 5.0, times: int = 1) -> list[Answer]:
    async def run() -> list[Answer]:
        client = ChatClient(Endpoint(base_url, "SRACL_TEST_KEY", timeout))
        try:
            return [await client.ask(request) for _ in range(times)]
        finally:
            await client.close()

    return asyncio.run(run())


def raised_by(script: Script, kind: type[Exception], timeout: float = 5.0) -> Exception:
    with chat_server(script) as server, pytest.raises(kind) as raised:
        ask(server.base_url, timeout=timeout)
    shown = "".join(map(str, (raised.value, raised.value.__cause__, repr(raised.value), repr(raised.value.__cause__))))
    assert KEY not in shown
    return raised.value


def test_an_answer_comes_with_its_tokens_and_the_request_is_sent_as_it_stands() -> None:
    with chat_server(lambda body, number: Reply("Good day 🌞")) as server:
        assert ask(server.base_url) == [Answer("Good day 🌞", "stop", 11, 7)]
    (body,) = server.bodies
    assert body["messages"] == REQUEST.as_messages()
    assert (body["model"], body["temperature"], body["max_tokens"]) == ("model-1", 0, 9)
    assert server.keys == [f"Bearer {KEY}"]


def test_no_key_in_the_environment_is_bad_input(monkeypatch) -> None:
    monkeypatch.delenv("SRACL_TEST_KEY")
    with pytest.raises(InputError, match="the variable SRACL_TEST_KEY holds no key"):
        ChatClient(Endpoint("http://127.0.0.1:1/v1", "SRACL_TEST_KEY"))


def echo(status: int) -> Script:
    return lambda body, number: Reply(status=status, body=f'{{"error": {{"message": "your key is {KEY}"}}}}')


@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_key_stops_everything_and_is_not_shown_even_by_a_server_that_echoes_it(status: int) -> None:
    assert "SRACL_TEST_KEY" in str(raised_by(echo(status), FatalError))


def test_an_unknown_model_stops_everything() -> None:
    assert "'model-1'" in str(raised_by(echo(404), FatalError))


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 529])
def test_a_server_in_trouble_is_asked_again(status: int) -> None:
    error = raised_by(echo(status), RetryableError)
    assert error.wait is None
    assert error.throttled == (status in (429, 503))


def test_retry_after_is_read_as_seconds_and_as_a_date() -> None:
    error = raised_by(lambda body, number: Reply(status=429, headers={"Retry-After": "7"}), RetryableError)
    assert error.wait == 7.0
    assert retry_after({"retry-after": email.utils.formatdate(time.time() + 30, usegmt=True)}) == pytest.approx(
        30, abs=2
    )
    assert retry_after({"retry-after": email.utils.formatdate(0, usegmt=True)}) == 0.0
    assert retry_after({"retry-after": "soon"}) is None
    assert retry_after({}) is None


@pytest.mark.parametrize(
    "reply",
    [
        Reply(cut=True),
        Reply(body="{"),
        Reply(body="<html>gateway</html>"),
        Reply(body='{"choices": []}'),
        Reply(body='{"choices": [{"message": {}}], "usage": null}', text=""),
        Reply(body="[]"),
    ],
    ids=["cut", "half json", "html", "no choices", "no content", "a list"],
)
def test_an_answer_that_is_damaged_is_asked_for_again_or_counts_as_empty(reply: Reply) -> None:
    with chat_server(lambda body, number: reply) as server:
        try:
            (found,) = ask(server.base_url)
        except RetryableError:
            return
        assert found.text == ""


def test_a_hang_ends_with_the_timeout() -> None:
    error = raised_by(lambda body, number: Reply(seconds=1.5), RetryableError, timeout=0.2)
    assert "no answer within 0.2 s" in str(error)


def test_a_server_that_is_down_is_worth_another_try_and_named() -> None:
    with chat_server() as server:
        gone = server.base_url
    with pytest.raises(RetryableError, match=f"no connection to {gone}: Connection refused"):
        ask(gone)


def test_a_host_that_does_not_exist_is_told_by_its_address() -> None:
    with pytest.raises(RetryableError, match=r"no connection to http://no-such-host\.invalid/v1: "):
        ask("http://no-such-host.invalid/v1")


def test_a_request_that_the_server_refuses_is_not_repeated() -> None:
    raised_by(lambda body, number: Reply(status=400, body='{"error": {"message": "too long"}}'), RejectedError)


def test_a_server_without_structured_output_is_asked_without_it_from_then_on() -> None:
    def script(body: dict, number: int) -> Reply:
        if "response_format" in body:
            return Reply(status=400, body='{"error": {"message": "response_format is not supported"}}')
        return Reply("plain")

    request = Request("m", REQUEST.messages, {"response_format": {"type": "json_object"}})
    with chat_server(script) as server:
        assert [found.text for found in ask(server.base_url, request, times=3)] == ["plain"] * 3
    assert sum("response_format" in body for body in server.bodies) == 1
