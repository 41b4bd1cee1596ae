"""How to ask, and what asking did."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class AskSettings:
    """How to ask. tries: answers of one request that may be unusable.

    max_requests, max_cost: stop before one more request of this call would exceed them; before its answer a request
    counts at the most that it may cost. price: cost of (model, prompt tokens, completion tokens), None where it is not
    known. lease: seconds for which a claim on requests holds.
    """

    concurrency: int = 16
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    tries: int = 4
    max_requests: int | None = None
    max_cost: float | None = None
    price: Callable[[str, int, int], float | None] = lambda model, prompt, completion: None
    lease: float = 600.0


@dataclass
class Tally:
    """What was done. total: requests that there are, equal ones among them, None where nobody said.

    asked: calls to the server; retried: those after the first of a request. answered: usable answers, all on the disk;
    from_store: requests that had an answer; cost None: not known. seconds: since the start; busy: of all slots
    together, waiting for answers. stopped: `max_requests` or `max_cost` where a budget ended it, else None.
    """

    total: int | None = None
    asked: int = 0
    answered: int = 0
    from_store: int = 0
    failed: int = 0
    retried: int = 0
    in_flight: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float | None = 0.0
    seconds: float = 0.0
    busy: float = 0.0
    stopped: str | None = None

    @property
    def done(self) -> int:
        """Requests that are settled."""
        return self.answered + self.from_store + self.failed

    @property
    def rate(self) -> float:
        """Usable answers a second."""
        return self.answered / self.seconds if self.seconds else 0.0

    @property
    def left(self) -> float | None:
        """Seconds until everything is settled, at the present rate; None where that cannot be told."""
        settled = self.answered + self.failed
        if self.total is None or not settled:
            return None
        return max(0, self.total - self.done) * self.seconds / settled

    def add(self, tokens: tuple[int, int], cost: float | None) -> float:
        """Count an answer's tokens, of prompt and answer, and cost; returns the cost, 0 where it is not known."""
        self.prompt_tokens += tokens[0]
        self.completion_tokens += tokens[1]
        self.cost = None if cost is None or self.cost is None else self.cost + cost
        return cost or 0.0
