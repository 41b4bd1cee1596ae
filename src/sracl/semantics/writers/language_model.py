"""The writer of SRA-CL: a language model describes every item and writes every user's preference."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sracl.config import SemanticsConfig
from sracl.datasets.dataset import Dataset
from sracl.datasets.prefixes import PrefixPool
from sracl.errors import SraclError
from sracl.semantics.index import prefix_ids
from sracl.semantics.language_models.asking import Tally
from sracl.semantics.language_models.request import Answer, Message, Request
from sracl.semantics.language_models.store import AnswerStore
from sracl.semantics.language_models.tokens import estimated_tokens
from sracl.semantics.writers.answers import UnusableError, item_schema, read_item, read_profile, usable
from sracl.semantics.writers.contexts import ItemContexts
from sracl.semantics.writers.profile_policy import profile_of
from sracl.semantics.writers.prompts import PromptWriter
from sracl.semantics.writers.template import TemplateWriter
from sracl.semantics.writers.templates import load_templates

TOKENS_A_WORD = 3
"""Tokens granted for a word of an answer, so that models of any language come to their end."""
BLOCK = 4_096

Ask = Callable[[str, int, AnswerStore, Iterable[Request], Callable[[Request, Answer], str | None]], Tally]
"""Asks what the store has no answer to, told what it is about (`items`, `profiles`) and how many; see `ask_all`."""


class LanguageModelWriter:
    """Items by their fields and the histories that led to them, users by what they chose (SRA-CL, section 3.2).

    settings: the writer's and the profiles' settings. ask: how requests are answered.
    An item whose answer cannot be used keeps its template's text, a prefix the mean of its items; both say `template`
    as their source and stand in the store's table of failures.
    """

    def __init__(self, settings: SemanticsConfig, ask: Ask) -> None:
        self.settings = settings
        self.writer = settings.writer
        self.ask = ask
        self.templates = load_templates(self.writer.prompts)

    @property
    def name(self) -> str:
        """The model's name, as the manifest records it."""
        return model_name(self.settings)

    def describe_items(
        self, dataset: Dataset, pool: PrefixPool, items: NDArray[np.int64] | None = None
    ) -> pl.DataFrame:
        """One text an item: the answer's summary and analysis, else the template's text."""
        template = TemplateWriter().describe_items(dataset, pool, items)
        wanted = None if items is None else items.tolist()
        texts = self._answers(
            "items", template.height, lambda: self.item_requests(dataset, pool, wanted), self.read_item
        )
        answered = pl.Series("answer", texts, dtype=pl.String)
        return template.with_columns(answer=answered).select(
            "item_id",
            text=pl.coalesce("answer", "text"),
            source=pl.when(pl.col("answer").is_not_null()).then(pl.lit(self.name)).otherwise("source"),
        )

    def write_profiles(
        self, dataset: Dataset, pool: PrefixPool, prefixes: NDArray[np.int64] | None = None
    ) -> pl.DataFrame:
        """One text a prefix: its own profile, or the one it borrows by the policy; null where there is no answer."""
        every = np.arange(len(pool)) if prefixes is None else prefixes
        taken = self._taken(pool)[every]
        own = np.unique(taken)
        texts = self._answers(
            "profiles", len(own), lambda: self.profile_requests(dataset, pool, own), self.read_profile
        )
        place = pl.Series(np.searchsorted(own, taken), dtype=pl.UInt32)
        text = pl.Series("text", texts, dtype=pl.String).gather(place)
        source = pl.when(pl.col("text").is_not_null()).then(pl.lit(self.name)).otherwise(pl.lit("template"))
        return prefix_ids(dataset, pool)[every].with_columns(text=text).with_columns(source=source)

    def requests(self, dataset: Dataset, pool: PrefixPool) -> Iterator[Request]:
        """Everything that would be asked: all items, then all profiles."""
        yield from self.item_requests(dataset, pool)
        yield from self.profile_requests(dataset, pool, self.profiled(pool))

    def request_count(self, dataset: Dataset, pool: PrefixPool) -> int:
        """How many `requests` gives, equal ones among them."""
        return dataset.item_count + len(self.profiled(pool))

    def profiled(self, pool: PrefixPool) -> NDArray[np.int64]:
        """Numbers of the prefixes that get a profile of their own, rising."""
        return np.unique(self._taken(pool))

    def most_tokens(self, dataset: Dataset, pool: PrefixPool) -> int:
        """Tokens of all answers together, at most."""
        profiles = self.request_count(dataset, pool) - dataset.item_count
        item_words = self.writer.summary_words + self.writer.analysis_words
        return TOKENS_A_WORD * (dataset.item_count * item_words + profiles * self.writer.profile_words)

    def item_requests(
        self, dataset: Dataset, pool: PrefixPool, items: Iterable[int] | None = None
    ) -> Iterator[Request]:
        """A request an item (None: all), in order."""
        prompts, titles = self._prompts(dataset), dataset.titles.to_list()
        contexts = ItemContexts(pool, dataset.item_count, self.writer.histories, self.writer.history_items)
        fields = dataset.catalogue.select(dataset.text_columns)
        words = self.writer.summary_words + self.writer.analysis_words
        schema = item_schema(self.writer.summary_words, self.writer.analysis_words, bounded=self.writer.kind == "local")
        for item in range(dataset.item_count) if items is None else items:
            row = fields.row(item, named=True)
            known = [(name, str(value)) for name, value in row.items() if value is not None and str(value).strip()]
            histories = [[titles[number] for number in history] for history in contexts.of(item)]
            yield self._request(prompts.item(known, histories), words, response_format=schema)

    def profile_requests(self, dataset: Dataset, pool: PrefixPool, numbers: NDArray[np.int64]) -> Iterator[Request]:
        """A request for each of these prefixes, in order."""
        prompts, titles = self._prompts(dataset), dataset.titles.to_list()
        for begin in range(0, len(numbers), BLOCK):
            histories = pool.items(numbers[begin : begin + BLOCK])
            for place in range(len(histories)):
                messages = prompts.profile([titles[item] for item in histories[place]])
                yield self._request(messages, self.writer.profile_words)

    def read_item(self, answer: Answer) -> str:
        """The text of an item's answer. Raises UnusableError."""
        return read_item(answer, self.writer.summary_words, self.writer.analysis_words)

    def read_profile(self, answer: Answer) -> str:
        """The text of a profile's answer. Raises UnusableError."""
        return read_profile(answer, self.writer.profile_words)

    def _answers(
        self, what: str, count: int, requests: Callable[[], Iterator[Request]], read: Callable[[Answer], str]
    ) -> list[str | None]:
        """Ask what is not answered, then read every answer; None where there is none that can be used."""
        with AnswerStore(self.writer.store) as store:
            tally = self.ask(what, count, store, requests(), lambda request, answer: usable(read, answer))
            if tally.stopped is not None:
                limit = getattr(self.writer, tally.stopped)
                raise SraclError(
                    f"stopped at semantics.writer.{tally.stopped} = {limit:g}: {tally.answered:,} answers more are in "
                    f"{self.writer.store}.\nRaise it and run the same command: what is answered is not asked again."
                )
            texts: list[str | None] = []
            everything = requests()
            while block := [request.key for request in islice(everything, BLOCK)]:
                found = store.get_many(block)
                texts += [_read_or_none(read, found.get(key)) for key in block]
        return texts

    def _request(self, messages: tuple[Message, ...], words: int, **more: object) -> Request:
        parameters = {"temperature": self.writer.temperature, "max_tokens": words * TOKENS_A_WORD}
        return Request(self.name, messages, parameters | more | dict(self.writer.parameters))

    def _prompts(self, dataset: Dataset) -> PromptWriter:
        return PromptWriter(
            self.templates,
            self.settings.domain or dataset.domain or "items",
            estimated_tokens,
            self.writer.max_prompt_tokens,
            self.writer.summary_words,
            self.writer.analysis_words,
            self.writer.profile_words,
        )

    def _taken(self, pool: PrefixPool) -> NDArray[np.int64]:
        return profile_of(pool, self.settings.profiles, self.settings.profiles_every)


def model_name(settings: SemanticsConfig) -> str:
    """What requests and tables call the model: its name, or its file's for a local one."""
    writer = settings.writer
    if writer.model is not None:
        return writer.model
    return writer.model_file.stem if writer.model_file is not None else "SmolLM2-135M-Instruct"


def _read_or_none(read: Callable[[Answer], str], answer: Answer | None) -> str | None:
    if answer is None:
        return None
    try:
        return read(answer)
    except UnusableError:
        # Another version's rules let it in; as one that failed, it leaves the place to the template.
        return None
