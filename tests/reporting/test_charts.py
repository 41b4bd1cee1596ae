"""Charts: numbers stand where they belong, and no text leaves its place."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sracl.reporting.charts.columns import columns
from sracl.reporting.charts.intervals import Interval, intervals
from sracl.reporting.charts.lines import Curve, lines
from sracl.reporting.charts.map import PLAIN, SHAPES, point_map
from sracl.reporting.charts.scale import Scale, reaching, shown, ticks
from sracl.reporting.charts.shares import shares
from sracl.reporting.charts.svg import WIDTH, tag
from sracl.reporting.tables import Table

POSITIVE = st.floats(1e-6, 1e7)
HOSTILE = '</text><script>alert(1)</script>"'


@given(low=st.floats(-1e6, 1e6), size=POSITIVE, about=st.integers(2, 8))
def test_ticks_are_round_rising_and_within(low, size, about) -> None:
    found = ticks(low, low + size, about)
    assert found == sorted(set(found))
    assert len(found) <= about + 2
    slack = 1e-6 * (abs(low) + size)
    assert all(low - slack <= value <= low + size + slack for value in found)


@given(high=POSITIVE)
def test_an_axis_reaches_its_highest_value(high) -> None:
    assert high * (1 - 1e-6) <= reaching(high) <= high * 4


@given(st.floats(0, 1))
def test_a_scale_keeps_order_and_ends(share) -> None:
    scale = Scale(2, 10, 100, 0)
    assert scale.at(2) == 100
    assert scale.at(10) == 0
    assert scale.at(2 + 8 * share) == pytest.approx(100 - 100 * share)


def test_labels_of_ticks_are_short() -> None:
    assert [shown(value) for value in (0.0, 0.025, 250.0, 8000.0, 20000.0)] == ["0", "0.025", "250", "8,000", "20k"]


def test_text_and_attributes_are_escaped() -> None:
    made = tag("text", HOSTILE, x=1.25, class_=HOSTILE, text_anchor="end", unused=None)
    read = ET.fromstring(made)
    assert read.text == HOSTILE
    assert read.attrib == {"x": "1.25", "class": HOSTILE, "text-anchor": "end"}


def all_charts():
    curve = [(1.0, 0.1), (2.0, 0.4), (3.0, 0.3)]
    points = np.random.default_rng(0).normal(size=(40, 2))
    of = np.arange(40) % (len(SHAPES) + 1) - 1
    table = Table("t", ("a",), [])
    return [
        columns("a", "t", "s", [HOSTILE, "2"], [3, 9], "x", "users"),
        lines("b", "t", "s", [Curve(HOSTILE, curve), Curve("b", curve[:1], "two")], "x", mark=(2.0, HOSTILE)),
        intervals("c", "t", "s", [Interval(HOSTILE, 0.2, 0.1, 0.3), Interval("m", 0, 0, 0, "one")], "NDCG"),
        shares("d", "t", "s", ["few", HOSTILE], [(HOSTILE, [0.3, 0.7])], "x"),
        point_map("e", "t", "s", points, of, table, [HOSTILE] * len(SHAPES)),
    ]


@pytest.mark.parametrize("chart", all_charts(), ids=lambda chart: chart.name)
def test_a_chart_is_well_formed_within_its_box_and_named(chart) -> None:
    root = ET.fromstring(chart.picture)
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-labelledby"] == f"{chart.name}-title {chart.name}-told"
    assert "script" not in {element.tag for element in root.iter()}
    height = float(root.attrib["viewBox"].split()[3])
    for element in root.iter():
        for name, most in (("x", WIDTH), ("x1", WIDTH), ("cx", WIDTH), ("y", height), ("y2", height), ("cy", height)):
            assert -1 <= float(element.attrib.get(name, 0)) <= most + 1
        assert "nan" not in " ".join(element.attrib.values())


def test_columns_are_as_high_as_their_counts() -> None:
    chart = columns("a", "t", "s", ["1", "2", "3"], [10, 5, 0], "x", "users")
    heights = [float(h) for h in re.findall(r'<rect[^>]*height="([\d.]+)"', chart.picture)]
    assert heights[0] == pytest.approx(2 * heights[1])
    assert heights[2] == 0
    assert [tuple(row) for row in chart.table.rows] == [("1", "10", "67%"), ("2", "5", "33%"), ("3", "0", "0.0%")]


def test_a_map_has_every_point_once_and_the_plain_ones_below() -> None:
    points = np.random.default_rng(0).normal(size=(30, 2))
    of = np.array([PLAIN, 0, 1] * 10)
    chart = point_map("e", "t", "s", points, of, Table("t", ("a",), []), ("one", "two"))
    paths = re.findall(r'<path d="([^"]*)" class="cat cat-(\w+)"', chart.picture)
    assert [name for _, name in paths] == ["plain", "0", "1"]
    assert [path.count("M") for path, _ in paths] == [10, 10, 10]
