"""What is recommended: how much of the catalogue, and how popular, beside what people took."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sracl.evaluation.groups import group_labels
from sracl.reporting.charts.shares import shares
from sracl.reporting.charts.svg import Chart
from sracl.reporting.material import Material
from sracl.reporting.section import Section
from sracl.reporting.sections.data import head_count
from sracl.reporting.tables import Table, count, percent, plural


@dataclass(frozen=True)
class Shown:
    """Some choice of items. times: how often each item was chosen, `[N]`."""

    label: str
    times: NDArray[np.integer]

    @property
    def different(self) -> int:
        """Number of items chosen at all."""
        return int((self.times > 0).sum())

    def mean_of(self, values: NDArray[np.number]) -> float:
        """The mean of a value of the items over all choices."""
        return float((self.times * values).sum() / max(self.times.sum(), 1))


def spread(material: Material) -> Section:
    """A table and a chart: every method's lists, what people took next, and all items alike."""
    popularity = material.popularity
    head = np.zeros(len(popularity))
    head[np.argsort(-popularity, kind="stable")[: head_count(len(popularity))]] = 1
    choices = _choices(material)
    rows = [
        (
            one.label,
            f"{count(one.different)} ({percent(one.different / len(popularity))})",
            f"{one.mean_of(popularity):,.1f}",
            percent(one.mean_of(head)),
        )
        for one in choices
    ]
    k = material.methods[0].lists.shape[1]
    columns = ("", "different items (of the catalogue)", "mean training interactions of an item",
               "to the most popular tenth of items")  # fmt: skip
    return Section(
        "spread",
        "What is recommended",
        {
            "table": Table("Spread of what is recommended", columns, rows, wide=True),
            "charts": [_chart(material, choices)],
            "lists": plural(len(material.listed), "list"),
            "k": k,
            "seen": "left out" if material.config.evaluation.exclude_seen else "kept",
            "told": _told(choices, popularity),
        },
    )


def _choices(material: Material) -> list[Shown]:
    items = material.dataset.item_count
    found = [
        Shown(method.label, np.bincount(method.lists[method.lists >= 0], minlength=items))
        for method in material.methods
    ]
    taken = np.bincount(material.targets[material.listed], minlength=items)
    return [*found, Shown("what these people took next", taken), Shown("all items alike", np.ones(items, dtype=int))]


def _told(choices: list[Shown], popularity: NDArray[np.integer]) -> str:
    model, taken = choices[0].mean_of(popularity), choices[-2].mean_of(popularity)
    if not taken or not model:
        return "Too little was recommended or taken to compare their popularity."
    ratio = model / taken
    if 0.9 < ratio < 1.1:
        return "The model recommends items about as popular as those that people took."
    what = "more" if ratio > 1 else "less"
    factor = ratio if ratio > 1 else 1 / ratio
    return (
        f"The items that the model recommends are {what} popular than those that people took: "
        f"{model:,.1f} training interactions on average against {taken:,.1f}, a factor of {factor:.1f}."
    )


def _chart(material: Material, choices: list[Shown]) -> Chart:
    bounds = material.config.evaluation.popularity_groups
    of = np.searchsorted(np.asarray(bounds), material.popularity, side="right")
    names = group_labels(bounds)
    rows = []
    for one in choices:
        whole = max(int(one.times.sum()), 1)
        rows.append((one.label, [float(one.times[of == part].sum() / whole) for part in range(len(names))]))
    told = (
        f"Of the model's recommendations {percent(rows[0][1][-1])} are items with {names[-1]} training interactions; "
        f"of what people took, {percent(rows[-2][1][-1])}; of the catalogue, {percent(rows[-1][1][-1])}."
    )
    return shares("spread-chart", "Popularity of what is recommended", told, names, rows, "training interactions")
