"""Some people: what they had, what is recommended to them, and what they really took next. Nobody is named."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from sracl.datasets.sequences import Int64
from sracl.reporting.material import Material
from sracl.reporting.section import Section
from sracl.reporting.tables import count, percent, plural
from sracl.semantics import index

HISTORY_SHOWN = 10
"""Most recent items of a history."""
OPEN = 2
"""People of each kind whose part of the page is open at first."""


@dataclass(frozen=True)
class Recommended:
    """An item of a list. hit: whether it was really next; had: whether it was in the history."""

    title: str
    hit: bool
    had: bool


@dataclass(frozen=True)
class Person:
    """history: titles, the most recent last; had: how many items in all; earlier: how many of them are not shown.

    rank: of what was next, among all items; profile: what a language model wrote of them, or None.
    """

    name: str
    history: list[str]
    had: str
    earlier: int
    recommended: list[Recommended]
    next: str
    rank: str
    found: bool
    profile: str | None


def people(material: Material) -> Section:
    """Half of them are drawn from everybody, the others from those whose next item was in their list."""
    lists, targets = material.methods[0].lists, material.targets[material.listed]
    found = (lists == targets[:, None]).any(axis=1)
    everybody, lucky = _drawn(material, found)
    profiles = _profiles(material, np.concatenate([everybody, lucky]))
    shown = [_person(material, row, number, profiles) for number, row in enumerate([*everybody, *lucky], start=1)]
    k = lists.shape[1]
    return Section(
        "people",
        "People",
        {
            "everybody": shown[: len(everybody)],
            "lucky": shown[len(everybody) :],
            "k": k,
            "open": OPEN,
            "share": percent(float(found.mean())),
            "lists": plural(len(found), "list"),
        },
    )


def _drawn(material: Material, found: np.ndarray) -> tuple[Int64, Int64]:
    """Rows of `listed`: of everybody, and of those whose list had what was next, nobody twice."""
    wanted = min(material.settings.users, len(found))
    rows = material.generator.permutation(len(found))
    everybody = rows[: -(-wanted // 2)]
    rest = rows[len(everybody) :]
    lucky = rest[found[rest]][: wanted - len(everybody)]
    # Where too few lists had it, more of everybody.
    more = rest[~found[rest]][: wanted - len(everybody) - len(lucky)]
    return np.concatenate([everybody, more]), lucky


def _person(material: Material, row: int, number: int, profiles: dict[int, str]) -> Person:
    asked = int(material.listed[row])
    history = material.inputs[asked]
    target = int(material.targets[asked])
    had = set(history.tolist())
    items = [item for item in material.methods[0].lists[row].tolist() if item >= 0]
    ranks = material.methods[0].ranks
    place = ranks.unseen if material.config.evaluation.exclude_seen else ranks.kept
    return Person(
        f"Person {number}",
        [material.titles[item] for item in history[-HISTORY_SHOWN:].tolist()],
        plural(len(history), "item"),
        max(len(history) - HISTORY_SHOWN, 0),
        [Recommended(material.titles[item], item == target, item in had) for item in items],
        material.titles[target],
        count(int(place[asked])),
        target in items,
        profiles.get(int(material.split.test.users[asked])),
    )


def _profiles(material: Material, rows: Int64) -> dict[int, str]:
    """What a language model wrote of these people's training interactions, by the user's number; empty: nothing."""
    path = material.run.folder / "semantics" / index.PROFILES
    users = material.split.test.users[material.listed[rows]]
    if not path.exists():
        return {}
    ids = material.dataset.users["user_id"].gather(pl.Series(users))
    wanted = pl.DataFrame({"user_id": ids, "number": users}).unique("number")
    try:
        written = pl.scan_parquet(path, glob=False).filter(pl.col("text").is_not_null())
        last = written.join(wanted.lazy(), on="user_id").sort("position").group_by("number").last().collect()
        return dict(last.select("number", "text").iter_rows())
    except pl.exceptions.PolarsError:
        return {}
