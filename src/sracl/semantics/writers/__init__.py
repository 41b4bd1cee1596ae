"""Who writes about items and users. A new writer is a file here and a line in `make_writer`."""

import asyncio
from collections.abc import Callable, Iterable
from functools import partial

from sracl.config import SemanticsConfig
from sracl.engines import LOCAL, Engine
from sracl.errors import InputError
from sracl.semantics.language_models.asking import AskSettings, Tally, Usable, ask_all
from sracl.semantics.language_models.costs import load_prices
from sracl.semantics.language_models.request import Request
from sracl.semantics.language_models.store import AnswerStore
from sracl.semantics.writers.base import Writer
from sracl.semantics.writers.connecting import connected_when_asked
from sracl.semantics.writers.language_model import LanguageModelWriter, model_name
from sracl.semantics.writers.template import TemplateWriter

OnTally = Callable[[str, Tally], None]
"""Told what is asked about (`items`, `profiles`) and how it goes."""


def make_writer(
    settings: SemanticsConfig, on_progress: OnTally = lambda what, tally: None, engine: Engine = LOCAL
) -> Writer:
    """The writer that `settings.writer.kind` names; `on_progress` is told how asking goes, `engine`'s workers ask."""
    match settings.writer.kind:
        case "template":
            return TemplateWriter()
        case "openai" | "local":
            return LanguageModelWriter(settings, _Asking(settings, on_progress, engine))


class _Asking:
    """Asks the configured server, or the local one that each of the engine's workers starts."""

    def __init__(self, settings: SemanticsConfig, on_progress: OnTally, engine: Engine) -> None:
        self.writer = settings.writer
        self.on_progress = on_progress
        self.engine = engine
        self.prices = load_prices(self.writer.prices)
        self.asked, self.cost = 0, 0.0
        if self.writer.max_cost is not None and model_name(settings) not in self.prices:
            raise InputError(
                f"semantics.writer.max_cost cannot be kept: the price of {model_name(settings)} is not known.\n"
                "Give semantics.writer.prices, a YAML file with a line such as "
                "NAME: {input: 0.15, output: 0.60, as_of: 2025-10-01}"
            )

    def price(self, model: str, prompt_tokens: int, completion_tokens: int) -> float | None:
        """US dollars, None where the model's price is not known."""
        if self.writer.kind == "local":
            return 0.0
        price = self.prices.get(model)
        return price.of(prompt_tokens, completion_tokens) if price else None

    def __call__(self, what: str, count: int, store: AnswerStore, requests: Iterable[Request], usable: Usable) -> Tally:
        tally = asyncio.run(self._ask(what, count, store, requests, usable))
        self.asked += tally.asked
        self.cost += tally.cost or 0.0
        return tally

    async def _ask(
        self, what: str, count: int, store: AnswerStore, requests: Iterable[Request], usable: Usable
    ) -> Tally:
        writer = self.writer
        async with connected_when_asked(writer, self.engine) as connection:
            settings = AskSettings(
                concurrency=min(writer.concurrency, connection.slots),
                requests_per_minute=writer.requests_per_minute,
                tokens_per_minute=writer.tokens_per_minute,
                tries=writer.tries,
                # A run's limits hold over items and profiles together.
                max_requests=None if writer.max_requests is None else writer.max_requests - self.asked,
                max_cost=None if writer.max_cost is None else max(0.0, writer.max_cost - self.cost),
                price=self.price,
            )
            told = partial(self.on_progress, what)
            return await ask_all(requests, connection.client, store, usable, settings, told, count)


__all__ = ["LanguageModelWriter", "TemplateWriter", "Writer", "make_writer"]
