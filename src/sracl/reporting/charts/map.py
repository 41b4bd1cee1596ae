"""Points in the plane, of categories that differ in colour and shape."""

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from scipy.spatial import KDTree

from sracl.reporting.charts.scale import Scale
from sracl.reporting.charts.svg import WIDTH, Chart, drawing, tag, text
from sracl.reporting.tables import Table, cut

EDGE = 8.0
LABELLED = 0.04
"""Share of the points that a category must have for a name in the picture."""
APART = np.array([80.0, 15.0])
"""How far names must lie from each other, in one of the two directions."""
AROUND = 30.0
LONGEST = 24
SHAPES = (
    "M{x} {y}h.01",
    "m{x} {y}m-1.7-1.7h3.4v3.4h-3.4z",
    "m{x} {y}m0-2.3l2.1 3.8h-4.2z",
    "m{x} {y}m0-2.4l2.4 2.4l-2.4 2.4l-2.4-2.4z",
    "m{x} {y}m-2.2 0h4.4m-2.2-2.2v4.4",
    "m{x} {y}m-1.7-1.7l3.4 3.4m0-3.4l-3.4 3.4",
    "m{x} {y}m0 2.3l2.1-3.8h-4.2z",
    "m{x} {y}m-2.2 1h4.4m-4.4-2h4.4",
)
"""A point of each category: dot, square, triangle, diamond, plus, cross, triangle downwards, double bar."""
PLAIN = -1
"""The number of points without a category, drawn as faint dots below the others."""


def shape(category: int, x: float, y: float) -> str:
    """The path of one point; absolute moves, so that paths can follow one another."""
    form = SHAPES[max(category, 0)]
    return form.format(x=f"{x:.1f}", y=f"{y:.1f}").replace("m", "M", 1)


def point_map(
    name: str,
    title: str,
    told: str,
    points: NDArray[np.floating],
    of: NDArray[np.integer],
    table: Table,
    names: Sequence[str],
) -> Chart:
    """points: `[n, 2]`; of: category of each, `[n]`, below `len(SHAPES)`, or PLAIN; names: of the categories.

    Large categories have their names in the middle of their points, where names do not collide.
    """
    low, high = points.min(axis=0), points.max(axis=0)
    across = Scale(float(low[0]), float(high[0]), EDGE, WIDTH - EDGE)
    down = Scale(float(low[1]), float(high[1]), EDGE, WIDTH - EDGE)
    places = np.stack([across(points[:, 0]), down(points[:, 1])], axis=1)
    parts = [_layer(places[of == category], int(category)) for category in sorted(set(of.tolist()))]
    parts += _labels(places, of, names)
    return Chart(name, title, told, drawing(WIDTH, *parts, name=name), table)


def _labels(places: NDArray[np.float64], of: NDArray[np.integer], names: Sequence[str]) -> list[Markup]:
    drawn: list[Markup] = []
    taken: list[NDArray[np.float64]] = []
    for category, name in enumerate(names):
        own = places[of == category]
        if len(own) < LABELLED * len(places):
            continue
        middle = own[_densest(own)]
        if all((np.abs(middle - other) > APART).any() for other in taken):
            taken.append(middle)
            x = float(np.clip(middle[0], WIDTH * 0.15, WIDTH * 0.85))
            drawn.append(text(x, float(middle[1]) + 4, cut(name, LONGEST), f"cat-name name-{category}", "middle"))
    return drawn


def _densest(places: NDArray[np.float64]) -> int:
    """The point that has the most others around it."""
    around = KDTree(places).query_ball_point(places, AROUND, return_length=True)
    return int(np.argmax(around))


def _layer(places: NDArray[np.float64], category: int) -> Markup:
    path = "".join(shape(category, float(x), float(y)) for x, y in places)
    return tag("path", d=path, class_=_class(category))


def swatches(categories: Sequence[int]) -> list[Markup]:
    """A small picture of each category's mark, for the key."""
    marks = [tag("path", d=shape(number, 7, 7), class_=_class(number)) for number in categories]
    return [tag("svg", mark, viewBox="0 0 14 14", aria_hidden="true", class_="swatch") for mark in marks]


def _class(category: int) -> str:
    return "cat cat-plain" if category == PLAIN else f"cat cat-{category}"
