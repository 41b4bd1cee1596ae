"""Runs for the report, and how its page is read."""

import io
from html.parser import HTMLParser
from pathlib import Path

from rich.console import Console

from sracl.config import read_config
from sracl.pipeline.display import Display
from sracl.pipeline.run import Run
from support.small_run import write_config

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style></svg><b>bold</b>",
    "{{ 7 * 7 }} ${7 * 7}",
    "\u202egnp.exe",
    "x' onmouseover='alert(1)",
)
"""Titles that attack a page."""


def quiet() -> Display:
    return Display(Console(file=io.StringIO(), width=200))


def make_run(folder: Path, last: str = "evaluate", **sections: object) -> Run:
    """A run of the small data in `folder`, made up to a stage."""
    run = Run(read_config(write_config(folder, **sections)), quiet())
    run.up_to(last)
    return run


class Page(HTMLParser):
    """What a page holds: names of elements, their attributes, and the text between them."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        """All words, with single spaces."""
        return " ".join(" ".join(self.words).split())

    def named(self, tag: str) -> list[dict[str, str | None]]:
        """Attributes of every element of a name."""
        return [attributes for name, attributes in self.elements if name == tag]

    def values(self, attribute: str) -> list[str]:
        """Every value of an attribute."""
        return [found for _, attributes in self.elements if (found := attributes.get(attribute)) is not None]
