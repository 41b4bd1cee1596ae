"""What a language model is asked: about an item, and about the user behind a prefix (SRA-CL, section 3.2)."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sracl.printable import without_control
from sracl.semantics.language_models.request import Message
from sracl.semantics.writers.templates import Templates

_DELIMITERS = re.compile(r"<(\s*/?\s*data\s*)>", re.IGNORECASE)
_SPACE = re.compile(r"\s+")
FIELD_CHARACTERS = 1_000
"""A field of an item is cut to so many characters: descriptions of some shops hold whole pages."""


@dataclass(frozen=True)
class PromptWriter:
    """Turns data into messages; what all requests of a kind share comes first, so that servers' caches hit.

    domain: what the items are, in the plural. tokens: counts a text's tokens. max_tokens: of a whole prompt; a
    history that does not fit loses its oldest items. summary_words, analysis_words, profile_words: limits told to
    the model.
    """

    templates: Templates
    domain: str
    tokens: Callable[[str], int]
    max_tokens: int
    summary_words: int
    analysis_words: int
    profile_words: int

    def item(self, fields: Sequence[tuple[str, str]], histories: Sequence[Sequence[str]]) -> tuple[Message, ...]:
        """Messages about one item: its fields (name, value) and titles of histories that led to it, oldest first."""
        instructions = self.templates.item_instructions.substitute(
            domain=self.domain, summary_words=self.summary_words, analysis_words=self.analysis_words
        )
        told = "\n".join(f"{name}: {as_data(value)[:FIELD_CHARACTERS]}" for name, value in fields)
        room = self.max_tokens - self.tokens(instructions) - self.tokens(told)
        lines = self._fitting_histories([[as_data(title) for title in history] for history in histories], room)
        before = self.templates.item_histories.substitute(histories="\n".join(lines)) if lines else ""
        question = self.templates.item.substitute(fields=told, histories=before).strip()
        return (Message("system", instructions), Message("user", question))

    def profile(self, history: Sequence[str]) -> tuple[Message, ...]:
        """Messages about the user behind a prefix: titles, oldest first."""
        instructions = self.templates.profile_instructions.substitute(
            domain=self.domain, profile_words=self.profile_words
        )
        titles = [as_data(title) for title in history]
        kept = self._fitting(titles, self.max_tokens - self.tokens(instructions))
        lines = "\n".join(f"{number}. {title}" for number, title in enumerate(kept, 1))
        return (Message("system", instructions), Message("user", self.templates.profile.substitute(history=lines)))

    def _fitting_histories(self, histories: Sequence[Sequence[str]], room: int) -> list[str]:
        if not histories:
            return []
        each = room // len(histories)
        kept = [self._fitting(history, each) for history in histories]
        return [f"{number}. " + "; ".join(titles) for number, titles in enumerate(filter(None, kept), 1)]

    def _fitting(self, titles: Sequence[str], room: int) -> Sequence[str]:
        """The most recent titles that fit into so many tokens; a number and a separator cost some each."""
        for begin in range(len(titles) - 1, -1, -1):
            room -= self.tokens(titles[begin]) + 4
            if room < 0:
                return titles[begin + 1 :]
        return titles


def as_data(text: str) -> str:
    """Text of a catalogue as one line that cannot end its own quotation.

    Control characters and marks that turn the direction of writing become spaces, as does white space; the delimiters
    lose their angle brackets; lone surrogates, which no server takes, are replaced.
    """
    clean = text.encode("utf-8", "replace").decode("utf-8")
    return _SPACE.sub(" ", _DELIMITERS.sub(r"(\1)", without_control(clean))).strip()
