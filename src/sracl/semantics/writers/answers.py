"""From what a language model answered to a text that can be embedded, or the reason why there is none."""

import re
from collections.abc import Callable
from typing import Any

from sracl.errors import SraclError
from sracl.printable import without_control
from sracl.semantics.language_models.request import Answer

SUMMARY, ANALYSIS = "item summary", "potential user analysis"
TOO_LONG = 3
"""An answer of more than so many times the words asked for is no answer to the question."""
LETTERS_A_WORD = 8
"""Characters that a bounded field has for each word: enough for whole sentences of the words asked for."""

_SENTENCE_END = re.compile(r"[.!?\u3002\uff01\uff1f\u061f](?=\s|$)")
_REFUSAL = re.compile(
    r"^\W*(i'?m sorry|sorry,|i (cannot|can't|can not|am unable|am not able)|as an ai\b|unfortunately, i)", re.IGNORECASE
)


class UnusableError(SraclError):
    """An answer that says nothing to embed; the message is the reason, as the model is told it."""


def item_schema(summary_words: int, analysis_words: int, bounded: bool = False) -> dict[str, Any]:
    """The JSON schema of an item's answer, for servers with structured output.

    bounded: the schema itself ends a field that gets too long, which small models need and some providers refuse.
    """
    properties = {key: _field(words, bounded) for key, words in ((SUMMARY, summary_words), (ANALYSIS, analysis_words))}
    return {
        "type": "json_schema",
        "json_schema": {
            "name": "item_description",
            "strict": True,
            "schema": {
                "type": "object",
                "properties": properties,
                "required": [SUMMARY, ANALYSIS],
                "additionalProperties": False,
            },
        },
    }


def _field(words: int, bounded: bool) -> dict[str, Any]:
    field = {"type": "string", "description": f"at most {words} words"}
    return field | {"maxLength": words * LETTERS_A_WORD} if bounded else field


def read_item(answer: Answer, summary_words: int, analysis_words: int) -> str:
    """Summary and analysis of an item in one text, each cut to its limit at the end of a sentence.

    JSON that is fenced, cut off or slightly wrong is repaired; keys are compared without case, spaces and underscores.
    Raises UnusableError where a field is missing, empty, no text or far too long, and for a refusal.
    """
    fields = _fields(answer)
    parts = []
    for key, words in ((SUMMARY, summary_words), (ANALYSIS, analysis_words)):
        value = fields.get(_plain(key))
        if value is None:
            raise UnusableError(f'the JSON has no field "{key}"')
        if not isinstance(value, str):
            raise UnusableError(f'the field "{key}" is no text')
        parts.append(_checked(value, words, f'the field "{key}"'))
    return " ".join(parts)


def read_profile(answer: Answer, words: int) -> str:
    """A profile's paragraph, cut to its limit at the end of a sentence.

    Raises UnusableError where it is empty, a refusal, far too long, or cut off within its first sentence.
    """
    text = answer.text
    if answer.finish_reason == "length":
        ends = [match.end() for match in _SENTENCE_END.finditer(text)]
        if not ends:
            raise UnusableError("the answer was cut off")
        text = text[: ends[-1]]
    return _checked(text, words, "the answer")


def usable(read: Callable[[Answer], str], answer: Answer) -> str | None:
    """None where `read` finds a text in the answer, else the reason why it does not."""
    try:
        read(answer)
    except UnusableError as error:
        return str(error)
    return None


def _fields(answer: Answer) -> dict[str, Any]:
    from json_repair import repair_json

    text = answer.text.strip()
    if not text:
        raise UnusableError("the answer is empty")
    if "{" not in text:
        raise UnusableError("the answer is a refusal" if _REFUSAL.match(text) else "the answer is no JSON")
    value = repair_json(text[text.index("{") :], return_objects=True)
    if isinstance(value, list):  # several objects, or an object and what was said after it
        value = next((part for part in value if isinstance(part, dict)), None)
    if not isinstance(value, dict) or not value:
        raise UnusableError("the answer is no JSON object")
    return {_plain(str(key)): field for key, field in value.items()}


def _checked(text: str, words: int, what: str) -> str:
    text = " ".join(without_control(text).split()).strip('"')
    if not any(character.isalnum() for character in text):
        raise UnusableError(f"{what} is empty")
    if _REFUSAL.match(text):
        raise UnusableError(f"{what} is a refusal")
    count = len(text.split(" "))
    if count > TOO_LONG * words:
        raise UnusableError(f"{what} has {count} words, and at most {words} are wanted")
    return _within(text, words)


def _within(text: str, words: int) -> str:
    """Whole sentences of at most so many words; the first so many words where the first sentence is longer."""
    cut = " ".join(text.split(" ")[:words])
    if cut == text:
        return text
    ends = [match.end() for match in _SENTENCE_END.finditer(cut)]
    return cut[: ends[-1]] if ends else cut


def _plain(key: str) -> str:
    return re.sub(r"[\W_]+", "", key).lower()
