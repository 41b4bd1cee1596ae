"""A small data set on disk with a pattern to learn, and a configuration that trains on it in seconds."""

import random
from pathlib import Path

import polars as pl
import yaml

KINDS = ("shampoo", "lipstick", "perfume", "razor", "soap", "sunscreen")
ITEMS = 30
USERS = 40


def write_data(folder: Path, seed: int = 0, spread: int = 0) -> None:
    """`interactions.csv` and `items.csv`: users walk through one or two kinds of products, in order of time.

    spread: 0 counts each user's interactions; otherwise a user begins at one of so many moments.
    """
    draw = random.Random(seed)
    rows = []
    for user in range(USERS):
        kinds = draw.sample(range(len(KINDS)), 2)
        begin = 1000 + (draw.randrange(spread) if spread else 0)
        for step in range(draw.randint(6, 12)):
            item = draw.choice(kinds) + len(KINDS) * draw.randrange(ITEMS // len(KINDS))
            rows.append({"user_id": f"u{user:03d}", "item_id": f"i{item:02d}", "timestamp": begin + step})
    pl.DataFrame(rows).write_csv(folder / "interactions.csv")
    items = [
        {"item_id": f"i{item:02d}", "title": f"{KINDS[item % len(KINDS)]} number {item}", "brand": f"brand {item % 4}"}
        for item in range(ITEMS)
    ]
    pl.DataFrame(items).write_csv(folder / "items.csv")


def write_config(folder: Path, **sections: object) -> Path:
    """`config.yaml` for the data in `folder`, with two epochs of a small SASRec; sections replace whole sections."""
    values: dict[str, object] = {
        "run_dir": str(folder / "run"),
        "dataset": {
            "interactions": str(folder / "interactions.csv"),
            "items": str(folder / "items.csv"),
            "min_interactions": 2,
            "max_length": 8,
        },
        "semantics": {"neighbors": 3},
        "backbone": {"dimension": 8},
        "training": {"epochs": 2, "targets_per_step": 60, "device": "cpu"},
    }
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(values | sections))
    return path
