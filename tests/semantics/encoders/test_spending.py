"""Embedding's limits: what is counted, and where it stops."""

import time

import pytest

from sracl.config import EncoderConfig
from sracl.errors import InputError, SraclError
from sracl.semantics.encoders.spending import Spending


@pytest.fixture
def prices(tmp_path):
    (tmp_path / "prices.yaml").write_text("m: {input: 1_000_000, output: 0, as_of: 2026-01-01}")
    return tmp_path / "prices.yaml"


def spending(model: str = "m", **limits: object) -> Spending:
    return Spending(EncoderConfig(kind="openai", model=model, **limits))


def test_tokens_count_as_billed_and_as_estimated_where_the_server_does_not_say(prices) -> None:
    own = spending(prices=prices)
    own.after(texts=3, estimated=10, tokens=7)
    own.after(texts=2, estimated=10, tokens=None)
    own.after(texts=1, estimated=4, tokens="many")
    assert (own.calls, own.texts, own.tokens, own.cost) == (3, 6, 21, 21.0)
    assert own.told() == "6 texts embedded in 3 calls, 21 tokens, 21.0000 US dollars"
    assert spending("of-nobody").cost is None


def test_a_call_that_would_cost_too_much_is_not_made(prices) -> None:
    own = spending(prices=prices, max_cost=10)
    own.before(10)
    own.after(1, 10, 6)
    own.before(4)
    with pytest.raises(SraclError, match=r"stopped at semantics\.encoder\.max_cost = 10: 1 texts more.*\n.*same comm"):
        own.before(5)


def test_a_limit_on_money_needs_a_known_price(prices) -> None:
    with pytest.raises(InputError, match=r"the price of of-nobody is not known\.\nGive semantics\.encoder\.prices"):
        spending("of-nobody", prices=prices, max_cost=1.0)
    assert spending("text-embedding-3-small", max_cost=1.0).price is not None


def test_calls_and_tokens_a_minute_are_kept() -> None:
    for limits, tokens in (({"requests_per_minute": 600}, 1), ({"tokens_per_minute": 60_000}, 100)):
        own = spending(**limits)
        begin = time.monotonic()
        for _ in range(14):
            own.before(tokens)
        assert time.monotonic() - begin > 0.35, "ten a second, after a burst of a second's worth"
