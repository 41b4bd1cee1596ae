"""What a run's folder holds of updates: what each of them added, and what the run was before the last one.

updates/0001/   interactions.parquet, items.parquet (where items came with them), update.json
before/         dataset/, items.parquet, profiles.parquet, checkpoints/: numbers, texts and weights to go on from
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from sracl.datasets.dataset import Dataset
from sracl.datasets.later import Later, same_beginnings
from sracl.errors import SraclError
from sracl.files import fingerprint, link_or_copy, write_json
from sracl.semantics import index
from sracl.semantics.stages import KnownTexts
from sracl.training.loop import BEST, LAST

UPDATES, BEFORE, FACTS = "updates", "before", "update.json"


@dataclass(frozen=True)
class Past:
    """The updates of a run, oldest first, with a digest of each; empty for a run that was never updated.

    known: the data before the last of them, whose users and items keep their numbers.
    """

    later: tuple[Later, ...] = ()
    digests: tuple[str, ...] = ()
    known: Dataset | None = None

    def __len__(self) -> int:
        return len(self.later)


def past_of(folder: Path) -> Past:
    """The updates of the run in a folder. Raises SraclError where they are damaged."""
    folders = update_folders(folder)
    if not folders:
        return Past()
    later = tuple(_read(one) for one in folders)
    digests = tuple(str(facts_of(one)["digest"]) for one in folders)
    return Past(later, digests, Dataset.load(folder / BEFORE / "dataset"))


def update_folders(folder: Path) -> list[Path]:
    """A folder for each update of a run, the oldest first."""
    return sorted(path for path in (folder / UPDATES).glob("[0-9]*") if path.is_dir())


def facts_of(update: Path) -> dict[str, Any]:
    """What an update's folder records: `digest`, `of` (the model it goes on from) and counts."""
    try:
        facts: dict[str, Any] = json.loads((update / FACTS).read_text(encoding="utf-8"))
        if not isinstance(facts.get("digest"), str):
            raise ValueError("no digest")
    except (OSError, ValueError, AttributeError) as error:
        raise SraclError(f"{update / FACTS} is missing or damaged ({error}); train the run anew") from error
    return facts


def write_update(folder: Path, number: int, later: Later, facts: dict[str, Any]) -> None:
    """Write what an update adds to a run's folder."""
    target = folder / UPDATES / f"{number:04d}"
    index.write_table(target / "interactions.parquet", later.interactions)
    if later.items is not None:
        index.write_table(target / "items.parquet", later.items)
    write_json(target / FACTS, facts)


def write_before(run: Path, folder: Path) -> None:
    """Keep in another folder what the run in `run` is now, by links: numbers, texts, weights."""
    files = [path for path in (run / "dataset").iterdir() if path.is_file()]
    files += [path for path in (run / "semantics" / index.ITEMS, run / "semantics" / index.PROFILES) if path.exists()]
    files += [path for name in (BEST, LAST) for path in (run / "checkpoints").glob(f"*/{name}")]
    for path in files:
        place = path.relative_to(run / "semantics" if path.is_relative_to(run / "semantics") else run)
        link_or_copy(path, folder / BEFORE / place)


def texts_before(folder: Path, writer: str, now: Dataset) -> KnownTexts | None:
    """The texts that the run had before its last update and that `writer` wrote; None where there are none.

    now: its data, which hold other items at some users' prefixes where an item has joined that waited.
    """
    before = folder / BEFORE
    if not (before / index.ITEMS).exists():
        return None
    items = index.read_table(before / index.ITEMS, ["item_id", "text", "source"])
    profiles = index.read_table(before / index.PROFILES, ["user_id", "position", "text", "source"])
    # What a writer failed at, or had no field to write from, may be known now.
    written = (pl.col("source") == writer) & pl.col("text").is_not_null()
    known = Dataset.load(before / "dataset")
    alike = known.users.select("user_id", alike=pl.Series(same_beginnings(known, now)))
    profiles = profiles.filter(pl.col("source") == writer).join(alike, on="user_id", how="inner")
    return KnownTexts(items.filter(written), profiles.filter(pl.col("position") <= pl.col("alike")).drop("alike"))


def digest_of(later: Later) -> str:
    """Tells whether two updates add the same."""
    tables = [later.interactions, *([] if later.items is None else [later.items])]
    return fingerprint([table.write_csv() for table in tables])


def _read(update: Path) -> Later:
    tables: list[pl.DataFrame | None] = []
    for name in ("interactions", "items"):
        path = update / f"{name}.parquet"
        if name == "items" and not path.exists():
            tables.append(None)
            continue
        try:
            tables.append(pl.read_parquet(path, glob=False))
        except (OSError, pl.exceptions.PolarsError) as error:
            raise SraclError(f"{path} is missing or damaged ({error}); train the run anew") from error
    interactions, items = tables
    assert interactions is not None
    return Later(interactions, items)
