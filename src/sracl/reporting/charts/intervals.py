"""Values with their intervals, one below another: a filled mark for the model, hollow ones for what it is beside."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from sracl.reporting.charts.scale import Scale, reaching, shown, ticks
from sracl.reporting.charts.svg import WIDTH, Chart, drawing, line, tag, text
from sracl.reporting.tables import Table, cut, metric

LEFT, RIGHT, TOP, BOTTOM, ROW = 6.0, 10.0, 8.0, 40.0, 38.0
CLOSE = 17.0
"""Between two values of one group."""
LONGEST = 54
"""Characters of a label that have room."""


@dataclass(frozen=True)
class Interval:
    """label: whose value; low, high: its interval; kind: `one` for the model, `two` for what it is compared with."""

    label: str
    value: float
    low: float
    high: float
    kind: str = "two"


def intervals(name: str, title: str, told: str, rows: Sequence[Interval], axis: str) -> Chart:
    """A row for each value, its label above it, so that long names have room on a phone."""
    groups = [(row.label, [row]) for row in rows]
    table = Table(title, ("", axis, "95% interval"), [(row.label, metric(row.value), _told(row)) for row in rows])
    return Chart(name, title, told, _drawn(name, groups, axis), table)


def grouped_intervals(
    name: str, title: str, told: str, groups: Sequence[tuple[str, Sequence[Interval]]], axis: str
) -> Chart:
    """Groups of values under a common label; the values' own labels are the same in every group, and in the key."""
    names = {one.label: one.kind for _, rows in groups for one in rows}
    cells = [(label, *(f"{metric(one.value)} ({_told(one)})" for one in rows)) for label, rows in groups]
    key = [(f"dot {kind}", label) for label, kind in names.items()]
    table = Table(title, ("", *(f"{label}: {axis}" for label in names)), cells)
    return Chart(name, title, told, _drawn(name, groups, axis), table, key if len(key) > 1 else [])


def _drawn(name: str, groups: Sequence[tuple[str, Sequence[Interval]]], axis: str) -> Markup:
    bounds = [bound for _, rows in groups for one in rows for bound in (one.value, one.high)]
    top = reaching(max(bounds, default=1.0))
    across = Scale(0, top, LEFT, WIDTH - RIGHT)
    heights = [ROW + CLOSE * (len(rows) - 1) for _, rows in groups]
    bottom = TOP + sum(heights)
    parts: list[Markup] = []
    for value in ticks(0, top):
        parts.append(line(across.at(value), TOP, across.at(value), bottom, "grid"))
        anchor = "start" if value == 0 else "end" if value > top * 0.97 else "middle"
        parts.append(text(across.at(value), bottom + 15, shown(value), anchor=anchor))
    y = TOP
    for (label, rows), height in zip(groups, heights, strict=True):
        parts.append(text(LEFT, y + 13, cut(label, LONGEST), "row-name"))
        for place, one in enumerate(rows):
            parts.append(_mark(one, across, y + 25 + CLOSE * place))
        y += height
    parts.append(text(WIDTH / 2, bottom + 34, axis, "axis-name", "middle"))
    return drawing(bottom + BOTTOM, *parts, name=name)


def _mark(one: Interval, across: Scale, y: float) -> Markup:
    low, high = across.at(one.low), across.at(one.high)
    return tag(
        "g",
        line(low, y, high, y, f"whisker {one.kind}"),
        line(low, y - 4, low, y + 4, f"whisker {one.kind}"),
        line(high, y - 4, high, y + 4, f"whisker {one.kind}"),
        tag("circle", cx=across.at(one.value), cy=y, r=4.5, class_=f"dot {one.kind}"),
    )


def _told(one: Interval) -> str:
    return f"{metric(one.low)} to {metric(one.high)}"
