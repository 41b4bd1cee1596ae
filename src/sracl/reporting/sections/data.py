"""Data at a glance: how long histories are, how popular items are, what is known of them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sracl.datasets.clock import as_text
from sracl.reporting.charts.columns import columns
from sracl.reporting.charts.lines import Curve, lines
from sracl.reporting.charts.svg import Chart
from sracl.reporting.material import Material
from sracl.reporting.section import Section
from sracl.reporting.tables import count, percent

SINGLE_COLUMNS, COLUMNS = 16, 14
"""Values that have a column each; more are put together in columns, each twice as wide as the last but one."""
CURVE_POINTS = 50
HEAD = 0.1
"""The share of items that is called popular."""


def data(material: Material) -> Section:
    """Counts, two pictures, and what the pictures say."""
    dataset = material.dataset
    lengths, popularity = dataset.histories.lengths, dataset.popularity
    interactions = len(dataset.histories.values)
    head = head_share(popularity)
    facts = [
        ("users", count(dataset.user_count)),
        ("items", count(dataset.item_count)),
        ("interactions", count(interactions)),
        ("of all pairs of user and item", _density(interactions / (dataset.user_count * dataset.item_count))),
        ("interactions of a user, median", count(float(np.median(lengths)))),
        ("interactions of an item, median", count(float(np.median(popularity)))),
    ]
    return Section(
        "data",
        "Data",
        {
            "facts": facts,
            "more": _more(material),
            "charts": [_lengths(lengths), _popularity(popularity, head)],
        },
    )


def head_share(popularity: NDArray[np.integer]) -> float:
    """Which share of all interactions falls on the most popular items."""
    ordered = np.sort(popularity)[::-1]
    return float(ordered[: head_count(len(ordered))].sum() / max(ordered.sum(), 1))


def head_count(items: int) -> int:
    """How many items the most popular ones are: at least one."""
    return max(1, round(HEAD * items))


def binned(values: NDArray[np.integer]) -> tuple[list[str], list[int]]:
    """Labels and counts of columns for whole numbers, narrow where most are and wide in the tail."""
    low, high = int(values.min()), int(values.max())
    if high - low < SINGLE_COLUMNS:
        starts = list(range(low, high + 1))
    else:
        middle = max(int(np.quantile(values, 0.75)), low + 1)
        step = max(1, -(-(middle - low) // (COLUMNS // 2)))
        starts = [low]
        while starts[-1] + step <= high and len(starts) < COLUMNS:
            starts.append(starts[-1] + step)
            step = step if len(starts) < COLUMNS // 2 else step * 2
    counts = np.histogram(values, bins=[*starts, max(high, starts[-1]) + 1])[0]
    return _labels(starts, high), counts.tolist()


def _labels(starts: Sequence[int], high: int) -> list[str]:
    ends = [*(start - 1 for start in starts[1:]), high]
    return [str(start) if start == end else f"{start}-{end}" for start, end in zip(starts, ends, strict=True)]


def _lengths(lengths: NDArray[np.integer]) -> Chart:
    half, most = np.quantile(lengths, [0.5, 0.9])
    told = (
        f"Half of the users have {count(half)} interactions or fewer, nine of ten at most {count(most)}; "
        f"the longest history has {count(int(lengths.max()))}."
    )
    labels, counts = binned(lengths)
    return columns("lengths", "How long histories are", told, labels, counts, "interactions of a user", "users")


def _popularity(popularity: NDArray[np.integer], head: float) -> Chart:
    ordered = np.sort(popularity)[::-1]
    reached = np.concatenate([[0.0], np.cumsum(ordered) / max(ordered.sum(), 1)])
    places = np.unique(np.linspace(0, len(ordered), CURVE_POINTS).round().astype(int))
    points = [(100 * place / len(ordered), 100 * float(reached[place])) for place in places]
    told = (
        f"The most popular tenth of the items has {percent(head)} of all interactions; the median item has "
        f"{count(float(np.median(popularity)))}, the most popular {count(int(ordered[0]))}. "
        "A straight diagonal would mean that all items are equally popular."
    )
    curves = [
        Curve("these items", points),
        Curve("equally popular items", [(0.0, 0.0), (100.0, 100.0)], "two"),
    ]
    return lines(
        "popularity",
        "How interactions are spread over items",
        told,
        curves,
        "% of items, popular first (up: % of interactions)",
        digits=1,
        x_digits=1,
    )


def _density(share: float) -> str:
    return f"{100 * share:.2g}%"


def _more(material: Material) -> list[str]:
    dataset, told = material.dataset, []
    if dataset.text_columns:
        first = dataset.catalogue[dataset.text_columns[0]]
        told.append(
            f"Items are described by {', '.join(dataset.text_columns)}; {count(first.null_count())} of them have no "
            f"{dataset.text_columns[0]}."
        )
    else:
        told.append("The items have no text: nothing could be retrieved by it, and here items go by their ids.")
    if dataset.times is not None and len(dataset.times):
        first_day, last_day = (
            as_text(float(t), dataset.clock)[:10] for t in (dataset.times.min(), dataset.times.max())
        )
        told.append(f"The interactions are of {first_day} to {last_day}.")
    cold = material.config.dataset.cold_items.share
    if cold:
        told.append(
            f"{percent(cold)} of the items were held out to measure how new items are found; they are not here."
        )
    return told
