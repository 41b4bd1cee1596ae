"""SVG by small functions that escape everything, and what a chart is."""

from dataclasses import dataclass, field

from markupsafe import Markup, escape

from sracl.reporting.tables import Table

WIDTH = 360
"""Of every chart, in units that are about a pixel of a phone: so text keeps its size there."""


@dataclass(frozen=True)
class Chart:
    """A picture with words: title, what it shows in a sentence, and the same as a table for those who do not see it.

    name: unique on the page, for references. key: what marks mean, as pairs of a class of the style and a text.
    """

    name: str
    title: str
    told: str
    picture: Markup
    table: Table
    key: list[tuple[str, str]] = field(default_factory=list)


def tag(name: str, *children: str | Markup, **attributes: object) -> Markup:
    """An element: `tag("text", "a < b", x=1, class_="label", text_anchor="end")`. Text that is no Markup is escaped."""
    told = Markup("").join(
        Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), _number(value))
        for key, value in attributes.items()
        if value is not None
    )
    inside = Markup("").join(escape(child) for child in children)
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(name), told, inside)  # noqa: S704


def drawing(height: float, *children: Markup, name: str, width: float = WIDTH) -> Markup:
    """The picture itself. A reader of the screen gets title and sentence of the figure, by id, and no parts."""
    named = f"{name}-title {name}-told"
    box = f"0 0 {width:g} {height:g}"
    return tag("svg", *children, viewBox=box, role="img", aria_labelledby=named, class_="chart")


def text(x: float, y: float, words: str, kind: str = "label", anchor: str = "start") -> Markup:
    """A line of text."""
    return tag("text", words, x=x, y=y, class_=kind, text_anchor=anchor)


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Markup:
    """A straight line."""
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=kind)


def _number(value: object) -> object:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else value
