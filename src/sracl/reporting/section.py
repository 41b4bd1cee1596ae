"""What a section of the report is: a title, a template, and the values that fill it."""

from dataclasses import dataclass, field
from typing import Any


class MissingPartError(Exception):
    """A part that the run does not have. The message says so to the reader, and how to get it."""


@dataclass(frozen=True)
class Section:
    """A section of the page.

    name: its anchor and, with `.html`, its template's name. values: what the template reads. missing: what is said in
    the place of the section where the run does not have it.
    """

    name: str
    title: str
    values: dict[str, Any] = field(default_factory=dict)
    missing: str | None = None
