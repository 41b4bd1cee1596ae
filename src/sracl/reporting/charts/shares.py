"""Bars of one whole each, cut into the same parts."""

from collections.abc import Sequence

from markupsafe import Markup

from sracl.reporting.charts.svg import WIDTH, Chart, drawing, tag, text
from sracl.reporting.tables import Table, cut, percent

LEFT, RIGHT, TOP, BAR, ROW = 4.0, 4.0, 4.0, 22.0, 50.0
ROOM = 0.09
"""Share of a bar from which on its number has room inside."""
SHADES = 5
"""In the style, from light to dark."""
LONGEST = 54
"""Characters of a label that have room."""


def shares(
    name: str, title: str, told: str, parts: Sequence[str], rows: Sequence[tuple[str, Sequence[float]]], axis: str
) -> Chart:
    """parts: their names, in an order that the shades follow. rows: label and shares that add up to 1."""
    drawn: list[Markup] = []
    shade = [f"part-{round(part * (SHADES - 1) / max(len(parts) - 1, 1))}" for part in range(len(parts))]
    for place, (label, values) in enumerate(rows):
        y = TOP + place * ROW
        drawn.append(text(LEFT, y + 13, cut(label, LONGEST), "row-name"))
        x, whole = LEFT, WIDTH - LEFT - RIGHT
        for part, value in enumerate(values):
            width = value * whole
            drawn.append(tag("rect", x=x, y=y + 19, width=width, height=BAR, class_=f"part {shade[part]}"))
            if value >= ROOM:
                words = f"{100 * value:.0f}%"
                drawn.append(text(x + width / 2, y + 34, words, f"part-name {shade[part]}", "middle"))
            x += width
    table = Table(title, (axis, *parts), [(label, *(percent(value) for value in values)) for label, values in rows])
    key = [(f"part {shade[part]}", label) for part, label in enumerate(parts)]
    return Chart(name, title, told, drawing(TOP + len(rows) * ROW, *drawn, name=name), table, key)
