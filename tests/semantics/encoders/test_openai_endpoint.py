"""Embeddings over HTTP: a real server on loopback, which may misbehave."""

import hashlib
import json
import traceback

import pytest

from semantics.encoders.contract import EncoderContract
from sracl.errors import InputError, SraclError
from sracl.semantics.encoders import Encoder, OpenAIEncoder
from sracl.semantics.language_models.client import Endpoint
from support.chat_server import Reply, chat_server

KEY = "sk-very-secret"


def embeddings(body: dict, number: int) -> Reply:
    """Vectors that depend on the text alone, last text first, as servers may."""
    rows = [
        {
            "object": "embedding",
            "index": place,
            "embedding": [byte / 255 for byte in hashlib.sha256(text.encode()).digest()],
        }
        for place, text in enumerate(body["input"])
    ]
    answer = {"object": "list", "model": "m", "data": rows[::-1], "usage": {"prompt_tokens": 1, "total_tokens": 1}}
    return Reply(body=json.dumps(answer))


def encoder_at(base_url: str, **more: object) -> OpenAIEncoder:
    return OpenAIEncoder("m", Endpoint(base_url, None, 5.0), **more)


class TestOpenAI(EncoderContract):
    @pytest.fixture
    def encoder(self) -> Encoder:
        with chat_server(embeddings) as server:
            yield encoder_at(server.base_url, batch_size=3)


def test_passing_trouble_is_outlasted() -> None:
    trouble = {0: Reply(status=429, headers={"retry-after-ms": "5"}), 1: Reply(status=500), 2: Reply(cut=True)}
    with chat_server(lambda body, number: trouble.get(number) or embeddings(body, number)) as server:
        assert encoder_at(server.base_url).encode(["rose"]).shape == (1, 32)
        assert len(server.bodies) == 4


@pytest.mark.parametrize(
    ("status", "kind", "told"),
    [(401, InputError, "is the key"), (404, InputError, "base_url and model"), (400, InputError, "answers 400")],
)
def test_what_no_repetition_mends_is_told_at_once_and_without_the_key(monkeypatch, status, kind, told) -> None:
    monkeypatch.setenv("SOME_KEY", KEY)
    refusal = Reply(status=status, body=json.dumps({"error": {"message": f"no such thing for {KEY}"}}))
    with chat_server(lambda body, number: refusal) as server:
        encoder = OpenAIEncoder("m", Endpoint(server.base_url, "SOME_KEY", 5.0))
        with pytest.raises(kind, match=told) as caught:
            encoder.encode(["rose"])
        assert len(server.bodies) == 1
        assert server.keys == [f"Bearer {KEY}"]
    assert KEY not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    "body",
    [
        "no JSON",
        "{}",
        json.dumps({"data": []}),
        json.dumps({"data": [{"index": 0, "embedding": ["x"]}]}),
        json.dumps({"data": [{"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": [1.0]}]}),
    ],
    ids=["no JSON", "nothing", "no rows", "no numbers", "too many"],
)
def test_rubbish_is_an_error_rather_than_a_vector(body: str) -> None:
    with chat_server(lambda asked, number: Reply(body=body)) as server, pytest.raises(SraclError):
        encoder_at(server.base_url).encode(["rose"])


def test_without_a_key_the_variable_is_named(monkeypatch) -> None:
    monkeypatch.delenv("SOME_KEY", raising=False)
    with pytest.raises(InputError, match=r"SOME_KEY holds no key.*encoder\.api_key_env"):
        OpenAIEncoder("m", Endpoint(None, "SOME_KEY", 5.0))


def test_vectors_of_different_lengths_are_refused() -> None:
    def script(body: dict, number: int) -> Reply:
        return Reply(body=json.dumps({"data": [{"index": 0, "embedding": [1.0] * (number + 1)}]}))

    with chat_server(script) as server, pytest.raises(SraclError, match="different lengths"):
        encoder_at(server.base_url, batch_size=1).encode(["rose", "mint"])


def test_a_proxy_of_the_environment_is_not_asked_for_a_server_on_this_machine(monkeypatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with chat_server(embeddings) as server:
        assert encoder_at(server.base_url).encode(["rose"]).shape == (1, 32)


def test_what_is_no_address_is_told_with_its_setting() -> None:
    with pytest.raises(InputError, match=r"semantics\.encoder\.base_url is no address"):
        encoder_at("127.0.0.1:80")
