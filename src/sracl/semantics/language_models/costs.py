"""What asking costs: prices by model, from the table that comes along and one of the user's own."""

from datetime import date
from importlib import resources
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from sracl.errors import InputError

A_MILLION = 1_000_000


class Price(BaseModel):
    """US dollars for a million tokens, as listed on `as_of`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    input: float = Field(ge=0)
    output: float = Field(ge=0)
    as_of: date

    def of(self, prompt_tokens: int, completion_tokens: int) -> float:
        """US dollars for so many tokens."""
        return (self.input * prompt_tokens + self.output * completion_tokens) / A_MILLION


def load_prices(own: Path | None = None) -> dict[str, Price]:
    """Prices by model; the user's own file adds to the known ones and replaces them.

    Raises InputError for a file that is missing or not of the form `MODEL: {input: 0.15, output: 0.6, as_of: DATE}`.
    """
    known = resources.files("sracl.semantics.language_models") / "prices.yaml"
    prices = _parsed(known.read_text(encoding="utf-8"), str(known))
    if own is not None:
        try:
            text = own.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"the prices in {own} cannot be read: {error}") from error
        prices |= _parsed(text, str(own))
    return prices


def _parsed(text: str, source: str) -> dict[str, Price]:
    try:
        return TypeAdapter(dict[str, Price]).validate_python(yaml.safe_load(text) or {})
    except (yaml.YAMLError, ValidationError) as error:
        raise InputError(
            f"{source} is no table of prices: {' '.join(str(error).split())[:200]}\n"
            "Write a line a model, in US dollars a million tokens: NAME: {input: 0.15, output: 0.60, as_of: 2025-10-01}"
        ) from error
