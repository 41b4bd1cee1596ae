"""Prices: what comes along, what a user adds, and mistakes that are named."""

import pytest

from sracl.errors import InputError
from sracl.semantics.language_models.costs import Price, load_prices


def test_the_known_prices_are_for_a_million_tokens_and_dated() -> None:
    prices = load_prices()
    assert prices["gpt-4o-mini"].of(1_000_000, 0) == prices["gpt-4o-mini"].input > 0
    assert prices["gpt-4o-mini"].of(0, 500_000) == prices["gpt-4o-mini"].output / 2
    assert prices["SmolLM2-135M-Instruct"].of(10**9, 10**9) == 0
    assert all(isinstance(price, Price) and price.as_of.year >= 2025 for price in prices.values())


def test_a_file_of_ones_own_adds_and_replaces(tmp_path) -> None:
    (tmp_path / "prices.yaml").write_text(
        "gpt-4o: {input: 1, output: 2, as_of: 2026-01-01}\nours: {input: 3, output: 4, as_of: 2026-01-01}"
    )
    prices = load_prices(tmp_path / "prices.yaml")
    assert prices["gpt-4o"].input == 1
    assert prices["ours"].of(1_000_000, 1_000_000) == 7
    assert "gpt-4o-mini" in prices


@pytest.mark.parametrize(
    "content", ["m: {input: 1}", "m: {input: -1, output: 1, as_of: 2026-01-01}", "m: 3", "- m", "m: {", "m: {input: x}"]
)
def test_a_table_of_another_form_is_named_with_the_right_one(tmp_path, content: str) -> None:
    (tmp_path / "prices.yaml").write_text(content)
    with pytest.raises(InputError, match=r"prices\.yaml is no table of prices.*\n.*as_of: 2025"):
        load_prices(tmp_path / "prices.yaml")


def test_a_missing_file_is_named(tmp_path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        load_prices(tmp_path / "gone.yaml")
