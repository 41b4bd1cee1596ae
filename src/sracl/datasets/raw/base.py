"""What every reader of a public data set returns."""

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class RawData:
    """A public data set as its publisher wrote it: nothing filtered, nothing renumbered.

    interactions: columns `user_id`, `item_id`, `timestamp` (any integer or float; larger is later), a row each.
    items: columns `item_id` and those named in `text`, a row an item; the ids have the interactions' dtype.
    text: the columns of `items` that describe an item, the most telling first.
    domain: what the items are, in the plural, for prompts (`films`, `beauty products`, `places`).
    """

    interactions: pl.LazyFrame
    items: pl.LazyFrame
    text: tuple[str, ...]
    domain: str
