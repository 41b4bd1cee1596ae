"""For whom it works: the headline metric by length of history, popularity of the target, and transitions seen."""

from sracl.evaluation.groups import Groups, by_history, by_popularity, by_transition
from sracl.reporting.charts.intervals import Interval, grouped_intervals
from sracl.reporting.charts.svg import Chart
from sracl.reporting.intervals import estimates
from sracl.reporting.material import HEADLINE, HEADLINE_CUTOFF, Material, Method
from sracl.reporting.section import Section
from sracl.reporting.tables import metric, plural

NAME = f"{HEADLINE}@{HEADLINE_CUTOFF}"


def groups(material: Material) -> Section:
    """Three charts: the model beside the best baseline in every group that has targets."""
    bounds, split = material.config.evaluation, material.split
    shown = [method for method in (material.methods[0], material.rival) if method is not None]
    charts = [
        _chart(
            material, shown, "history", "By the length of a user's history",
            by_history(split, "test", bounds.history_groups), "training interactions of the user",
        ),
        _chart(
            material, shown, "target-popularity", "By the popularity of the item to be found",
            by_popularity(split, "test", bounds.popularity_groups), "training interactions of the item",
        ),
        _chart(
            material, shown, "transition", "By how often the item to be found came right after the item before",
            by_transition(split, "test", bounds.transition_groups), "times in training",
        ),
    ]  # fmt: skip
    rival = shown[1].label if len(shown) > 1 else None
    return Section("groups", "For whom it works", {"charts": charts, "rival": rival, "headline": NAME})


def _chart(material: Material, shown: list[Method], name: str, title: str, some: Groups, what: str) -> Chart:
    there = [group for group in range(len(some.labels)) if some.members(group).any()]
    members = [some.members(group) for group in there for _ in shown]
    columns = [method.values(HEADLINE, HEADLINE_CUTOFF) for _ in there for method in shown]
    found = estimates(material.split.test.users, columns, members, seed=material.config.seed)
    rows = []
    for place, group in enumerate(there):
        marks = []
        for number, method in enumerate(shown):
            column = place * len(shown) + number
            low, high = found.interval(column)
            marks.append(Interval(method.label, float(found.mean[column]), low, high, "two" if number else "one"))
        size = int(some.members(group).sum())
        rows.append((f"{some.labels[group]} ({plural(size, 'target')})", marks))
    values = [(marks[0].value, label) for label, marks in rows]
    (most, at), (least, low_at) = max(values), min(values)
    told = f"Groups by {what}. The model does best for {at}, {metric(most)}, and worst for {low_at}, {metric(least)}."
    return grouped_intervals(name, title, told, rows, NAME)
