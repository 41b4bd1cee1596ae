"""Neighbours with their texts side by side, so that a person can judge them."""

import numpy as np
import polars as pl

from sracl.errors import InputError
from sracl.pipeline.describing import numbers_of
from sracl.pipeline.run import Run
from sracl.semantics import index

HISTORY_SHOWN = 5
"""Most recent items of a prefix that are shown."""


def show_neighbors(run: Run, ids: list[str]) -> None:
    """Print items and users (of a user: the last prefix of the pool) beside their neighbours.

    Raises InputError for an id that is neither, and where the run has no semantic stages.
    """
    if not run.objectives.semantic:
        raise InputError(f"{run.folder} trains nothing that compares by texts: it has no neighbours")
    for wanted in ids:
        items = numbers_of(run.dataset.catalogue["item_id"], wanted)
        users = numbers_of(run.dataset.users["user_id"], wanted)
        for item in items:
            _show_item(run, item)
        for user in users:
            _show_user(run, user)
        if not items and not users:
            raise InputError(f"{wanted!r} is neither an item nor a user of {run.folder}")


def _show_item(run: Run, item: int) -> None:
    folder = run.folder / "semantics"
    texts = index.read_items(folder, run.dataset)
    vectors = index.open_array(folder / index.ITEM_EMBEDDINGS, run.dataset.item_count)
    found = index.open_array(folder / index.ITEM_NEIGHBORS, run.dataset.item_count)[item]
    ids = run.dataset.catalogue["item_id"]
    rows = [
        (f"{vectors[item] @ vectors[other]:.3f}", str(ids[int(other)]), texts["text"][int(other)] or "")
        for other in found[found >= 0]
    ]
    run.display.neighbors(f"item {ids[item]}", texts["text"][item] or "(no text)", rows)


def _show_user(run: Run, user: int) -> None:
    first, end = (int(place) for place in run.pool.sequences.offsets[user : user + 2])
    if first == end:
        raise InputError(
            f"the user {run.dataset.users['user_id'][user]} has no training interaction, so no neighbours either"
        )
    folder = run.folder / "semantics"
    texts = index.read_profiles(folder, run.dataset, run.pool)["text"]
    vectors = index.open_array(folder / index.PREFIX_EMBEDDINGS, len(run.pool))
    found = index.open_array(folder / index.PREFIX_NEIGHBORS, len(run.pool))[end - 1]
    others = found[found >= 0].astype(np.int64)
    owners = run.pool.users_of(others)
    rows = [
        (
            f"{vectors[end - 1] @ vectors[other]:.3f}",
            f"{run.dataset.users['user_id'][int(owner)]}, {other - run.pool.sequences.offsets[owner] + 1} items",
            _told(run, int(other), texts),
        )
        for other, owner in zip(others.tolist(), owners.tolist(), strict=True)
    ]
    title = f"user {run.dataset.users['user_id'][user]}, {end - first} items"
    run.display.neighbors(title, _told(run, end - 1, texts), rows)


def _told(run: Run, prefix: int, texts: pl.Series) -> str:
    """A prefix's most recent items, and its profile where there is one."""
    items = run.pool.items(np.array([prefix]))[0]
    shown = run.dataset.titles.gather(pl.Series(items[-HISTORY_SHOWN:])).to_list()
    profile = texts[prefix]
    before = "... " if len(items) > HISTORY_SHOWN else ""
    return f"{before}{'; '.join(shown)}" + (f"\n{profile}" if profile else "")
