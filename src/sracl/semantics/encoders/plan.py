"""What embedding will take, before anything is computed or asked: texts, tokens, price, time."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from sracl.config import EncoderConfig
from sracl.semantics.encoders.making import encoder_name
from sracl.semantics.encoders.sentence_transformer import minilm_folder
from sracl.semantics.language_models.costs import load_prices
from sracl.semantics.language_models.local_server import default_model_file
from sracl.semantics.token_counters import TokenCounter, token_counter
from sracl.semantics.token_counters.tokenizer_file import FILE
from sracl.semantics.vectors import VectorStore

SECONDS_A_CALL = 1.0
"""Assumed of a server whose speed is not known; limits usually decide."""


@dataclass(frozen=True)
class EmbeddingPlan:
    """Distinct texts, how many of them have a vector, and what the rest will take.

    tokens: as `counted_by` says; advice: how they can be counted better, None where they are exact. cost: US dollars, 0
    on this machine, None where the model's price is not known, at the price listed on `price_as_of` (ISO 8601).
    seconds: at the configured limits, None on this machine.
    """

    texts: int
    stored: int
    tokens: int
    counted_by: str
    advice: str | None
    cost: float | None
    price_as_of: str | None
    seconds: float | None

    @property
    def to_embed(self) -> int:
        """Texts that would be embedded."""
        return self.texts - self.stored


def plan(config: EncoderConfig, texts: Sequence[str], vectors: Path) -> EmbeddingPlan:
    """Count what would be embedded of some distinct texts. vectors: the store of vectors, if there is one."""
    known: set[str] = set()
    if vectors.exists():
        with VectorStore(vectors, encoder_name(config)) as store:
            known = store.known(texts)
    missing = [text for text in texts if text not in known]
    with _counter(config) as counter:
        return _plan(config, len(texts), len(known), counter.count(missing), counter.way, counter.advice)


def plan_at_most(config: EncoderConfig, texts: int, tokens: int) -> EmbeddingPlan:
    """The plan of so many texts, at most, that a language model has not written yet, of so many tokens at most."""
    return _plan(config, texts, 0, tokens, "the most that the texts may have: they are not written yet", None)


def _plan(config: EncoderConfig, texts: int, stored: int, tokens: int, way: str, advice: str | None) -> EmbeddingPlan:
    price = load_prices(config.prices).get(config.model or "") if config.kind == "openai" else None
    cost = price.of(tokens, 0) if price else None
    return EmbeddingPlan(
        texts=texts,
        stored=stored,
        tokens=tokens,
        counted_by=way,
        advice=advice,
        cost=cost if config.kind == "openai" else 0.0,
        price_as_of=price.as_of.isoformat() if price else None,
        seconds=_seconds(config, texts - stored, tokens) if config.kind == "openai" else None,
    )


def _counter(config: EncoderConfig) -> AbstractContextManager[TokenCounter]:
    """The encoder's own tokenizer where it is on this machine; no model is downloaded for a plan."""
    tokenizer, model_file = config.tokenizer, None
    if tokenizer is None:
        match config.kind:
            case "minilm":
                tokenizer = minilm_folder()
            case "local":
                model_file = Path(config.model) if config.model else default_model_file()
            case "sentence-transformers" | "pooler" if (Path(str(config.model)) / FILE).is_file():
                tokenizer = Path(str(config.model))
    return token_counter(tokenizer, model_file, config.model or "", "semantics.encoder.tokenizer")


def _seconds(config: EncoderConfig, texts: int, tokens: int) -> float:
    """The slowest of the limits: one call at a time, calls a minute, tokens a minute."""
    calls = -(-texts // config.batch_size)
    times = [calls * SECONDS_A_CALL]
    if config.requests_per_minute:
        times.append(calls / config.requests_per_minute * 60)
    if config.tokens_per_minute:
        times.append(tokens / config.tokens_per_minute * 60)
    return max(times)
