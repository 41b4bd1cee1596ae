"""Columns: how many of each."""

from collections.abc import Sequence

from markupsafe import Markup

from sracl.reporting.charts.scale import Scale, reaching, room, shown, ticks
from sracl.reporting.charts.svg import WIDTH, Chart, drawing, line, tag, text
from sracl.reporting.tables import Table, count, percent

RIGHT, TOP, BOTTOM, HEIGHT = 4.0, 12.0, 44.0, 230.0
GAP = 0.18
"""Of a column's place, left free."""
MOST_LABELS = 7
HALF_LETTER = 3.3
"""Half the width of a label's character, about."""


def columns(
    name: str, title: str, told: str, labels: Sequence[str], counts: Sequence[int], axis: str, unit: str
) -> Chart:
    """A column for each label. axis: what the labels are; unit: what is counted."""
    top = reaching(max(counts, default=0))
    heights = {value: shown(value) for value in ticks(0, top)}
    left = room(list(heights.values()))
    across = Scale(0, max(len(labels), 1), left, WIDTH - RIGHT)
    up = Scale(0, top, HEIGHT - BOTTOM, TOP)
    parts: list[Markup] = []
    for value, height in heights.items():
        parts.append(line(left, up.at(value), WIDTH - RIGHT, up.at(value), "grid"))
        parts.append(text(left - 6, up.at(value) + 4, height, anchor="end"))
    width = (across.at(1) - across.at(0)) * (1 - GAP)
    every = -(-len(labels) // MOST_LABELS)
    for place, (label, number) in enumerate(zip(labels, counts, strict=True)):
        y = up.at(number)
        x = across.at(place + GAP / 2)
        parts.append(tag("rect", x=x, y=y, width=width, height=HEIGHT - BOTTOM - y, rx=1.5, class_="bar"))
        if place % every == 0 and x + width / 2 + HALF_LETTER * len(label) < WIDTH:
            parts.append(text(x + width / 2, HEIGHT - BOTTOM + 16, label, anchor="middle"))
    parts.append(line(left, HEIGHT - BOTTOM, WIDTH - RIGHT, HEIGHT - BOTTOM, "axis"))
    parts.append(text((left + WIDTH) / 2, HEIGHT - 6, axis, "axis-name", "middle"))
    whole = sum(counts) or 1
    rows = [(label, count(number), percent(number / whole)) for label, number in zip(labels, counts, strict=True)]
    return Chart(
        name, title, told, drawing(HEIGHT, *parts, name=name), Table(title, (axis, unit, f"share of {unit}"), rows)
    )
