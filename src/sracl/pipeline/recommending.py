"""The stage that recommends: a file for every user, and some of them to look at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pyarrow.parquet as pq

from sracl.files import written_aside
from sracl.recommender import Recommender

if TYPE_CHECKING:
    from sracl.pipeline.run import Run

ROWS_A_GROUP = 100_000
"""Rows at least of a group of the Parquet file of recommendations."""


def recommend(run: Run) -> None:
    """Recommendations for every user to `recommendations.parquet`, a block of users at a time."""
    model = run.load_model()
    k, exclude_seen = run.config.recommendations.k, run.config.evaluation.exclude_seen
    write_recommendations(model, run.folder / "recommendations.parquet", None, k, exclude_seen)


def write_recommendations(model: Recommender, path: Path, users: pl.Series | None, k: int, exclude_seen: bool) -> int:
    """Stream recommendations for some users (None: all) to a Parquet file; returns the number of rows.

    What is held in memory is a block's scores and a row group, whatever the number of users.
    """
    nobody = model.recommend([], k)
    rows, waiting = 0, [nobody]
    with (
        written_aside(path) as aside,
        pq.ParquetWriter(aside, nobody.to_arrow().schema, compression="zstd") as writer,
    ):
        for block in model.recommend_in_blocks(users, k, exclude_seen):
            waiting.append(block)
            # Large catalogues make blocks of few users, which would be as many groups.
            if sum(map(len, waiting)) >= ROWS_A_GROUP:
                writer.write_table(pl.concat(waiting).to_arrow())
                waiting = []
            rows += block.height
        if waiting:
            writer.write_table(pl.concat(waiting).to_arrow())
    return rows


def show_examples(run: Run) -> None:
    """Print some users' recent histories and what is recommended to them, by title where there is one."""
    count = min(run.config.recommendations.show_users, run.dataset.user_count)
    if not count:
        return
    found = pl.scan_parquet(run.folder / "recommendations.parquet", glob=False)
    labels = run.dataset.catalogue.select("item_id", label=run.dataset.titles)
    for number in range(count):
        user = run.dataset.users["user_id"][number]
        own = found.filter(pl.col("user_id") == pl.lit(user, dtype=run.dataset.users["user_id"].dtype)).collect()
        recommended = own.join(labels, on="item_id", how="left", maintain_order="left").select("rank", "label", "score")
        history = run.dataset.histories[number][-10:]
        run.display.recommendations(user, labels["label"].gather(pl.Series(history)).to_list(), recommended)
