"""What is kept of a run: a small JSON file to be read, compared and carried, and each user's ranks beside it."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from sracl.errors import SraclError
from sracl.evaluation.evaluate import Evaluation
from sracl.files import written_aside


@dataclass(frozen=True)
class Record:
    """A finished run.

    key, settings: as `identity` gives them; seed: also among the settings. validation, test: metrics with seen items
    kept; *_unseen: with seen items removed; of test nothing where it was not ranked. seconds: what training took, all
    parts of an interrupted one; epochs, best_epoch: counted from 1; all three are 0 where nothing is trained. made:
    versions and the device.
    """

    key: str
    seed: int
    settings: dict[str, Any]
    validation: dict[str, float]
    validation_unseen: dict[str, float]
    test: dict[str, float]
    test_unseen: dict[str, float]
    seconds: float
    epochs: int
    best_epoch: int
    made: dict[str, str]


class Records:
    """The records in a folder: `KEY.json` and `KEY.parquet`, whole or not at all; a run with a JSON file is done."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find(self, key: str) -> Record | None:
        """The record of a run, or None where it is not done. Raises SraclError for a damaged file."""
        path = self.folder / f"{key}.json"
        try:
            record = Record(**json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as error:
            raise SraclError(f"{path} is damaged ({error}); delete it to make this run again") from error
        if record.key != key:
            raise SraclError(f"{path} is the record of {record.key}; give it back its name, or delete it")
        return record

    def ranks(self, key: str) -> pl.DataFrame | None:
        """Ranks of the test targets, columns `user, kept, unseen`; None where they did not come along."""
        path = self.folder / f"{key}.parquet"
        if not path.exists():
            return None
        try:
            return pl.read_parquet(path, glob=False).select("user", "kept", "unseen")
        except (OSError, pl.exceptions.PolarsError) as error:
            raise SraclError(f"{path} is damaged ({error}); delete it and {key}.json to make this run again") from error

    def put(self, record: Record, ranks: pl.DataFrame | None) -> None:
        """Keep a record, its ranks (as `ranks` gives them) first: with the JSON file the run is done."""
        if ranks is not None:
            with written_aside(self.folder / f"{record.key}.parquet") as aside:
                ranks.write_parquet(aside, compression="zstd", compression_level=19)
        with written_aside(self.folder / f"{record.key}.json") as aside:
            aside.write_text(_as_json(asdict(record)), encoding="utf-8")


def ranks_of(test: Evaluation) -> pl.DataFrame:
    """A row a test target: its user's number and its ranks, in the order of the users."""
    columns = {"user": test.users, "kept": test.ranks.kept.numpy(), "unseen": test.ranks.unseen.numpy()}
    return pl.DataFrame(columns).cast(pl.UInt32)


def _as_json(values: dict[str, Any]) -> str:
    """JSON, a line a part: small, and yet lines of a version control's differences."""
    parts = (f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}" for name, value in values.items())
    return "{\n" + ",\n".join(parts) + "\n}\n"
