"""Interactions as rows and as frames, and data sets back in ids."""

import polars as pl

from sracl.datasets.dataset import Dataset

Row = tuple[int, str, int]
"""User, item, time."""


def frame_of(rows: list[Row]) -> pl.DataFrame:
    schema = {"user_id": pl.Int64, "item_id": pl.String, "timestamp": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def histories_of(dataset: Dataset) -> dict[object, list[object]]:
    """Back from numbers to ids."""
    items = dataset.catalogue["item_id"].to_list()
    users = dataset.users["user_id"].to_list()
    histories = (dataset.histories[number] for number in range(len(users)))
    return {user: [items[item] for item in history] for user, history in zip(users, histories, strict=True)}
