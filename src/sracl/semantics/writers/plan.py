"""What describing will take, before anything is asked: requests, tokens, price, time."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import islice

from sracl.config import WriterConfig
from sracl.datasets.dataset import Dataset
from sracl.datasets.prefixes import PrefixPool
from sracl.semantics.language_models.costs import load_prices
from sracl.semantics.language_models.local_server import default_model_file
from sracl.semantics.language_models.store import AnswerStore
from sracl.semantics.token_counters import TokenCounter, token_counter
from sracl.semantics.token_counters.base import count_prompts
from sracl.semantics.writers.language_model import BLOCK, LanguageModelWriter

SECONDS_AN_ANSWER = 3.0
"""Assumed of a server whose speed is not known; limits usually decide."""


@dataclass(frozen=True)
class Plan:
    """Distinct requests, how many of them the store answers, and what the rest will take at most.

    prompt_tokens: as `counted_by` says; advice: how they can be counted better, None where they are exact.
    completion_tokens: the most that answers may have. cost: US dollars, 0 on this machine, None where the model's price
    is not known, at the price listed on `price_as_of` (ISO 8601). seconds: at the limits, None on this machine.
    """

    requests: int
    stored: int
    prompt_tokens: int
    counted_by: str
    advice: str | None
    completion_tokens: int
    cost: float | None
    price_as_of: str | None
    seconds: float | None

    @property
    def to_ask(self) -> int:
        """Requests that would be sent."""
        return self.requests - self.stored


def plan(
    writer: LanguageModelWriter,
    dataset: Dataset,
    pool: PrefixPool,
    on_progress: Callable[[int], None] = lambda requests: None,
) -> Plan:
    """Count what `writer` would ask, without asking. The store is read, and made where it is not there."""
    with _counter(writer) as counter:
        requests, stored, prompt, completion = _counted(writer, dataset, pool, counter, on_progress)
    local = writer.writer.kind == "local"
    price = None if local else load_prices(writer.writer.prices).get(writer.name)
    return Plan(
        requests=requests,
        stored=stored,
        prompt_tokens=prompt,
        counted_by=counter.way,
        advice=counter.advice,
        completion_tokens=completion,
        cost=price.of(prompt, completion) if price else 0.0 if local else None,
        price_as_of=price.as_of.isoformat() if price else None,
        seconds=_seconds(writer.writer, requests - stored, prompt + completion),
    )


def _counted(
    writer: LanguageModelWriter,
    dataset: Dataset,
    pool: PrefixPool,
    counter: TokenCounter,
    on_progress: Callable[[int], None],
) -> tuple[int, int, int, int]:
    """Distinct requests, those that the store answers, tokens of the others' prompts, and of answers at most."""
    seen: set[str] = set()
    stored = prompt = completion = 0
    requests = writer.requests(dataset, pool)
    with AnswerStore(writer.writer.store) as store:
        while block := list(islice(requests, BLOCK)):
            new = {request.key: request for request in block if request.key not in seen}
            seen |= new.keys()
            answered = store.answered(list(new))
            stored += len(answered)
            to_ask = [request for key, request in new.items() if key not in answered]
            prompt += count_prompts(to_ask, counter)
            completion += sum(int(request.parameters["max_tokens"]) for request in to_ask)
            on_progress(len(block))
    return len(seen), stored, prompt, completion


def _counter(writer: LanguageModelWriter) -> AbstractContextManager[TokenCounter]:
    config = writer.writer
    own = config.kind == "local" and config.tokenizer is None
    model_file = config.model_file or default_model_file() if own else None
    return token_counter(config.tokenizer, model_file, writer.name, "semantics.writer.tokenizer")


def _seconds(writer: WriterConfig, requests: int, tokens: int) -> float | None:
    """The slowest of the limits: requests at a time, requests a minute, tokens a minute."""
    if writer.kind == "local":
        return None
    times = [requests * SECONDS_AN_ANSWER / writer.concurrency]
    if writer.requests_per_minute:
        times.append(requests / writer.requests_per_minute * 60)
    if writer.tokens_per_minute:
        times.append(tokens / writer.tokens_per_minute * 60)
    return max(times)
