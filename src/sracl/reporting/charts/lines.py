"""Curves over one axis, told apart by colour, dashes and a name at their end."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from sracl.reporting.charts.scale import Scale, reaching, room, shown, ticks
from sracl.reporting.charts.svg import WIDTH, Chart, drawing, line, tag, text
from sracl.reporting.tables import Table

RIGHT, TOP, BOTTOM, HEIGHT = 8.0, 22.0, 44.0, 230.0


@dataclass(frozen=True)
class Curve:
    """name: for the key. points: x and y, x rising. kind: a class of the style: `one`, `two`, `three`."""

    name: str
    points: Sequence[tuple[float, float]]
    kind: str = "one"


def lines(
    name: str,
    title: str,
    told: str,
    curves: Sequence[Curve],
    axis: str,
    from_zero: bool = True,
    mark: tuple[float, str] | None = None,
    digits: int = 4,
    x_digits: int = 0,
) -> Chart:
    """axis: what x is. from_zero: whether y begins there. mark: an x worth noting, and its words."""
    xs = np.array([x for curve in curves for x, _ in curve.points])
    ys = np.array([y for curve in curves for _, y in curve.points])
    low, high = _bounds(ys, from_zero)
    labels = {value: shown(value) for value in ticks(low, high, 6)}
    left = room(list(labels.values()))
    across = Scale(float(xs.min()), float(max(xs.max(), xs.min() + 1e-9)), left, WIDTH - RIGHT)
    up = Scale(low, high, HEIGHT - BOTTOM, TOP)
    parts: list[Markup] = []
    for value, label in labels.items():
        parts.append(line(left, up.at(value), WIDTH - RIGHT, up.at(value), "grid"))
        parts.append(text(left - 6, up.at(value) + 4, label, anchor="end"))
    for value in ticks(across.low, across.high, 5):
        x = across.at(value)
        anchor = "end" if x > WIDTH - RIGHT - 12 else "middle"
        parts.append(text(x, HEIGHT - BOTTOM + 16, shown(value), anchor=anchor))
    if mark is not None:
        x = across.at(mark[0])
        anchor = "end" if x > WIDTH * 0.6 else "start"
        parts.append(line(x, TOP, x, HEIGHT - BOTTOM, "mark"))
        parts.append(text(x + (-4 if anchor == "end" else 4), TOP - 8, mark[1], "mark-name", anchor))
    for curve in curves:
        places = zip(across([x for x, _ in curve.points]), up([y for _, y in curve.points]), strict=True)
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        if len(curve.points) == 1:
            x, y = curve.points[0]
            parts.append(tag("circle", cx=across.at(x), cy=up.at(y), r=3, class_=f"dot {curve.kind}"))
        parts.append(tag("polyline", points=path, class_=f"curve {curve.kind}"))
    parts.append(line(left, HEIGHT - BOTTOM, WIDTH - RIGHT, HEIGHT - BOTTOM, "axis"))
    parts.append(text((left + WIDTH) / 2, HEIGHT - 6, axis, "axis-name", "middle"))
    key = [(f"curve {curve.kind}", curve.name) for curve in curves] if len(curves) > 1 else []
    return Chart(
        name, title, told, drawing(HEIGHT, *parts, name=name), _table(title, axis, curves, digits, x_digits), key
    )


def _bounds(values: np.ndarray, from_zero: bool) -> tuple[float, float]:
    high = float(values.max())
    if from_zero:
        return 0.0, reaching(high)
    low = float(values.min())
    room = (high - low) * 0.06 or abs(high) * 0.05 or 1.0
    return low - room, high + room


def _table(title: str, axis: str, curves: Sequence[Curve], digits: int, x_digits: int) -> Table:
    xs = sorted({x for curve in curves for x, _ in curve.points})
    known = [dict(curve.points) for curve in curves]
    rows = [(f"{x:.{x_digits}f}", *(f"{points[x]:.{digits}f}" if x in points else "" for points in known)) for x in xs]
    return Table(title, (axis, *(curve.name for curve in curves)), rows)
