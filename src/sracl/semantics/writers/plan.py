"""What describing will take, before anything is asked: requests, tokens, price, time."""

from dataclasses import dataclass
from itertools import islice

from sracl.config import WriterConfig
from sracl.datasets.dataset import Dataset
from sracl.datasets.prefixes import PrefixPool
from sracl.semantics.language_models.costs import load_prices
from sracl.semantics.language_models.store import AnswerStore
from sracl.semantics.language_models.tokens import prompt_tokens
from sracl.semantics.writers.language_model import BLOCK, LanguageModelWriter

SECONDS_AN_ANSWER = 3.0
"""Assumed of a server whose speed is not known; limits usually decide."""


@dataclass(frozen=True)
class Plan:
    """Distinct requests, how many of them the store answers, and what the rest will take at most.

    prompt_tokens: estimated from bytes, rather too many. completion_tokens: the most that answers may have.
    cost: US dollars, None where the model's price is not known. seconds: at the configured limits.
    """

    requests: int
    stored: int
    prompt_tokens: int
    completion_tokens: int
    cost: float | None
    seconds: float

    @property
    def to_ask(self) -> int:
        """Requests that would be sent."""
        return self.requests - self.stored


def plan(writer: LanguageModelWriter, dataset: Dataset, pool: PrefixPool) -> Plan:
    """Count what `writer` would ask, without asking. The store is read, and made where it is not there."""
    seen: set[str] = set()
    stored = prompt = completion = 0
    requests = writer.requests(dataset, pool)
    with AnswerStore(writer.writer.store) as store:
        while block := list(islice(requests, BLOCK)):
            new = {request.key: request for request in block if request.key not in seen}
            seen |= new.keys()
            answered = store.answered(list(new))
            stored += len(answered)
            for key, request in new.items():
                if key not in answered:
                    prompt += prompt_tokens(request)
                    completion += int(request.parameters["max_tokens"])
    price = load_prices(writer.writer.prices).get(writer.name)
    return Plan(
        requests=len(seen),
        stored=stored,
        prompt_tokens=prompt,
        completion_tokens=completion,
        cost=price.of(prompt, completion) if price else None,
        seconds=_seconds(writer.writer, len(seen) - stored, prompt + completion),
    )


def _seconds(writer: WriterConfig, requests: int, tokens: int) -> float:
    """The slowest of the limits: requests at a time, requests a minute, tokens a minute."""
    times = [requests * SECONDS_AN_ANSWER / writer.concurrency]
    if writer.requests_per_minute:
        times.append(requests / writer.requests_per_minute * 60)
    if writer.tokens_per_minute:
        times.append(tokens / writer.tokens_per_minute * 60)
    return max(times)
