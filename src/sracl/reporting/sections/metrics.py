"""Test metrics of the model beside the baselines', with intervals by a bootstrap over users."""

from dataclasses import dataclass

from sracl.evaluation.metrics import METRICS
from sracl.evaluation.significance import holm, paired_p
from sracl.reporting.charts.intervals import Interval, intervals
from sracl.reporting.charts.svg import Chart
from sracl.reporting.intervals import Estimates, estimates
from sracl.reporting.material import HEADLINE, HEADLINE_CUTOFF, Material
from sracl.reporting.section import Section
from sracl.reporting.tables import count, metric, plural

WAYS = {False: "seen items kept in the ranking", True: "seen items removed from the ranking"}
CHARTED = ((HEADLINE, HEADLINE_CUTOFF), ("HR", HEADLINE_CUTOFF))


@dataclass(frozen=True)
class Cell:
    """A metric and its interval; best: whether no other method has a higher one."""

    value: str
    low: str
    high: str
    best: bool


@dataclass(frozen=True)
class Way:
    """A table of all metrics, with seen items kept or removed. rows: a method and its cells."""

    told: str
    names: list[str]
    rows: list[tuple[str, list[Cell]]]


@dataclass(frozen=True)
class Measured:
    """Every metric of every method, both ways; a column for each, found by `column`."""

    found: Estimates
    methods: list[str]
    names: list[tuple[str, int]]

    def column(self, method: int, name: tuple[str, int], unseen: bool) -> int:
        """Where in the estimates a metric stands."""
        return (int(unseen) * len(self.methods) + method) * len(self.names) + self.names.index(name)


def metrics(material: Material) -> Section:
    """Charts of two metrics, tables of all, and each baseline against the model."""
    measured = _measured(material)
    return Section(
        "metrics",
        "Test metrics",
        {
            "charts": [_chart(measured, name) for name in CHARTED],
            "ways": [_way(measured, unseen) for unseen in WAYS],
            "differences": _differences(measured),
            "headline": f"{HEADLINE}@{HEADLINE_CUTOFF}",
            "asked": _asked(material),
            "left_out": material.left_out,
            "alone": not material.baselines,
        },
    )


def _measured(material: Material) -> Measured:
    names = [(name, cutoff) for cutoff in material.cutoffs for name in METRICS]
    columns = [
        method.values(name, cutoff, unseen) for unseen in WAYS for method in material.methods for name, cutoff in names
    ]
    found = estimates(material.split.test.users, columns, seed=material.config.seed)
    return Measured(found, [method.label for method in material.methods], names)


def _chart(measured: Measured, name: tuple[str, int]) -> Chart:
    rows = []
    for number, label in enumerate(measured.methods):
        column = measured.column(number, name, unseen=False)
        low, high = measured.found.interval(column)
        rows.append(Interval(label, float(measured.found.mean[column]), low, high, "two" if number else "one"))
    title = f"{name[0]}@{name[1]} on test"
    best = max(rows, key=lambda row: row.value)
    told = f"{best.label} has the highest value, {metric(best.value)}. Lines show 95% intervals."
    return intervals(f"test-{name[0].lower()}", title, told, rows, f"{name[0]}@{name[1]}")


def _way(measured: Measured, unseen: bool) -> Way:
    best = [
        max(measured.found.mean[measured.column(number, name, unseen)] for number in range(len(measured.methods)))
        for name in measured.names
    ]
    rows = []
    for number, label in enumerate(measured.methods):
        cells = []
        for name, highest in zip(measured.names, best, strict=True):
            column = measured.column(number, name, unseen)
            low, high = measured.found.interval(column)
            value = float(measured.found.mean[column])
            cells.append(Cell(metric(value), metric(low), metric(high), value == highest and value > 0))
        rows.append((label, cells))
    return Way(WAYS[unseen], [f"{name}@{cutoff}" for name, cutoff in measured.names], rows)


def _differences(measured: Measured) -> list[tuple[str, str, str, str, str]]:
    """Each baseline: its name, the model's advantage, the interval, p by Holm's method, and a word on it."""
    name = (HEADLINE, HEADLINE_CUTOFF)
    model = measured.column(0, name, unseen=False)
    found, raw = [], []
    for number in range(1, len(measured.methods)):
        column = measured.column(number, name, unseen=False)
        raw.append(paired_p(measured.found.of_users(model) - measured.found.of_users(column)))
        found.append((measured.methods[number], *measured.found.difference(model, column)))
    rows = []
    for (label, effect, low, high), p in zip(found, holm(raw), strict=True):
        verdict = "the model is better" if low > 0 else "the model is worse" if high < 0 else "no clear difference"
        rows.append((label, f"{effect:+.4f}", f"{low:+.4f} to {high:+.4f}", _p(p), verdict))
    return rows


def _p(p: float | None) -> str:
    if p is None:
        return "none"
    return "< 0.0001" if p < 0.0001 else f"{p:.4f}"


def _asked(material: Material) -> str:
    asked, whole = len(material.split.test), material.all_targets
    split, items = material.run.split.name, count(material.dataset.item_count)
    if asked == whole:
        return f"All {plural(asked, 'test target')} of the split {split} are ranked among {items} items."
    told = (
        f"{count(asked)} of {count(whole)} test targets of the split {split}, drawn at random, "
        f"are ranked among {items} items"
    )
    evaluated = len(material.run.measured_split.test)
    if asked == evaluated:
        return f"{told}, as in metrics.json."
    return f"{told}; metrics.json has those of {'all' if evaluated == whole else count(evaluated)}."
