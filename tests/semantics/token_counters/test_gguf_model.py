"""Tokens by a local language model's own tokenizer, held against what its server bills."""

import asyncio
from collections.abc import Iterator

import pytest

from semantics.token_counters.contract import TEXTS, TokenCounterContract
from sracl.errors import InputError, SraclError
from sracl.semantics.language_models.client import ChatClient, Endpoint
from sracl.semantics.language_models.local_server import default_model_file, local_server
from sracl.semantics.language_models.request import Message, Request
from sracl.semantics.token_counters import TokenCounter
from sracl.semantics.token_counters.base import count_prompts
from sracl.semantics.token_counters.gguf_model import gguf_counter

INSTRUCTIONS = "You know beauty products well. Describe one of them for a recommender, in one paragraph."


@pytest.fixture(scope="module")
def smollm2() -> Iterator[TokenCounter]:
    try:
        model_file = default_model_file()
    except SraclError as error:
        pytest.skip(str(error))
    with gguf_counter(model_file) as counter:
        yield counter


class TestGguf(TokenCounterContract):
    @pytest.fixture
    def counter(self, smollm2: TokenCounter) -> TokenCounter:
        return smollm2


@pytest.mark.slow
def test_prompts_have_the_tokens_that_the_server_bills_within_two_percent(smollm2: TokenCounter) -> None:
    requests = [
        Request("m", (Message("system", INSTRUCTIONS), Message("user", text * times)), {"max_tokens": 1})
        for text in TEXTS
        for times in (25, 40)
    ]

    async def billed(base_url: str) -> int:
        client = ChatClient(Endpoint(base_url, None))
        try:
            return sum([(await client.ask(request)).prompt_tokens for request in requests])
        finally:
            await client.close()

    with local_server(None, 1, 512) as base_url:
        assert count_prompts(requests, smollm2) == pytest.approx(asyncio.run(billed(base_url)), rel=0.02)


def test_a_file_that_is_no_model_is_refused(tmp_path) -> None:
    (tmp_path / "model.gguf").write_bytes(b"nothing")
    with pytest.raises(InputError, match="no GGUF file"), gguf_counter(tmp_path / "model.gguf"):
        pass
