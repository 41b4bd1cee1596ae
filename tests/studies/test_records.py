"""Records are small, whole, and checked when they are read."""

import numpy as np
import polars as pl
import pytest
import torch

from sracl.config import RunConfig
from sracl.errors import SraclError
from sracl.evaluation.metrics import metrics_at
from sracl.studies.identity import settings_of
from sracl.studies.records import Record, Records

USERS = 22_363
WAYS = ("kept", "unseen")


def some_ranks(users: int = USERS, items: int = 12_101) -> pl.DataFrame:
    """Ranks as heavy-tailed as real ones."""
    random = np.random.default_rng(0)
    kept = np.minimum(random.pareto(0.3, users) * 10 + 1, items).astype(np.int64)
    unseen = np.maximum(kept - random.integers(0, 9, users), 1)
    return pl.DataFrame({"user": np.arange(users), "kept": kept, "unseen": unseen}).cast(pl.UInt32)


def record_of(ranks: pl.DataFrame, key: str = "0123456789abcdef") -> Record:
    settings = settings_of(RunConfig.model_validate({"dataset": {"name": "ml-100k"}}))
    kept, unseen = (metrics_at(torch.from_numpy(ranks[way].to_numpy().astype(np.int64)), (5, 10, 20)) for way in WAYS)
    return Record(key, 0, settings, kept, unseen, kept, unseen, 1800.5, 48, 38, {"sracl": "0.1.0", "torch": "2.13.0"})


def test_a_record_comes_back_and_is_smaller_than_five_kilobytes(tmp_path) -> None:
    records, ranks = Records(tmp_path), some_ranks()
    record = record_of(ranks)
    assert records.find(record.key) is None
    assert records.ranks(record.key) is None
    records.put(record, ranks)
    assert records.find(record.key) == record
    assert (tmp_path / f"{record.key}.json").stat().st_size < 5000
    assert records.ranks(record.key).equals(ranks)
    assert (tmp_path / f"{record.key}.parquet").stat().st_size < 8 * USERS


def test_a_damaged_or_renamed_record_is_named(tmp_path) -> None:
    records, ranks = Records(tmp_path), some_ranks(20)
    records.put(record_of(ranks), ranks)
    path = tmp_path / "0123456789abcdef.json"
    path.rename(tmp_path / "fedcba9876543210.json")
    with pytest.raises(SraclError, match="is the record of 0123456789abcdef"):
        records.find("fedcba9876543210")
    path.write_text('{"key": ')
    with pytest.raises(SraclError, match=r"0123456789abcdef\.json is damaged"):
        records.find("0123456789abcdef")
    (tmp_path / "0123456789abcdef.parquet").write_bytes(b"PAR1")
    with pytest.raises(SraclError, match=r"parquet is damaged"):
        records.ranks("0123456789abcdef")


def test_ranks_are_kept_before_the_record_that_says_it_is_done(tmp_path, monkeypatch) -> None:
    def full_disk(*_: object, **__: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(pl.DataFrame, "write_parquet", full_disk)
    records, ranks = Records(tmp_path), some_ranks(20)
    with pytest.raises(OSError, match="No space"):
        records.put(record_of(ranks), ranks)
    assert not list(tmp_path.iterdir())
