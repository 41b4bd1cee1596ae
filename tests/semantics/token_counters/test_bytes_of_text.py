"""The estimate by bytes, and the way to a better one."""

import pytest

from semantics.token_counters.contract import TokenCounterContract
from sracl.semantics.token_counters import TokenCounter
from sracl.semantics.token_counters.bytes_of_text import BytesCounter


class TestBytes(TokenCounterContract):
    @pytest.fixture
    def counter(self) -> TokenCounter:
        return BytesCounter("semantics.writer.tokenizer")


def test_it_says_that_it_estimates_and_which_setting_helps() -> None:
    counter = BytesCounter("semantics.encoder.tokenizer")
    assert "an estimate" in counter.way
    assert "semantics.encoder.tokenizer" in counter.advice
