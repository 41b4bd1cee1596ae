"""Tokens of OpenAI's models by their package: with what is on this machine, and never from the network."""

import pytest
import requests
import tiktoken
from tiktoken import load, registry

from semantics.token_counters.contract import TokenCounterContract
from sracl.semantics.token_counters import TokenCounter
from sracl.semantics.token_counters.openai_ranks import OpenAICounter, openai_counter

RANKS = {bytes([byte]): byte for byte in range(256)} | {b"li": 256, b"lip": 257, b"st": 258, b"lipst": 259}


@pytest.fixture
def small_encoding(monkeypatch) -> tiktoken.Encoding:
    """An encoding of 260 tokens in the place of that of gpt-4o."""
    encoding = tiktoken.Encoding("o200k_base", pat_str=r"\S+|\s+", mergeable_ranks=RANKS, special_tokens={})
    monkeypatch.setitem(registry.ENCODINGS, "o200k_base", encoding)
    return encoding


class TestOpenAI(TokenCounterContract):
    @pytest.fixture
    def counter(self, small_encoding) -> TokenCounter:
        return openai_counter("gpt-4o-mini")


def test_a_model_is_counted_by_its_encoding_which_is_named(small_encoding) -> None:
    counter = openai_counter("gpt-4o-mini")
    assert isinstance(counter, OpenAICounter)
    assert counter.count(["a lipstick"]) == len("a") + len(" ") + len(["lipst", "i", "c", "k"])
    assert counter.way == "OpenAI's tokenizer o200k_base"


@pytest.mark.parametrize("cache", ["empty", "damaged", "switched off"])
def test_what_is_not_on_this_machine_is_not_fetched(tmp_path, monkeypatch, cache: str) -> None:
    asked: list[str] = []
    monkeypatch.setattr(requests, "get", lambda url, *_, **__: asked.append(url))
    monkeypatch.delitem(registry.ENCODINGS, "cl100k_base", raising=False)
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", "" if cache == "switched off" else str(tmp_path))
    if cache == "damaged":
        (tmp_path / "9b5ad71b2ce5302211f9c61530b329a4922fc6a4").write_bytes(b"half a table")
    fetch = load.read_file
    assert openai_counter("gpt-4") is None
    assert asked == []
    assert load.read_file is fetch, "tiktoken is left as it was"


def test_others_models_have_no_such_counter() -> None:
    assert openai_counter("deepseek-chat") is None
