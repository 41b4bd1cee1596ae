"""The split that the configuration names, on data prepared from tables."""

from pathlib import Path

import polars as pl
import pytest

from sracl.config import SplitConfig
from sracl.datasets.build import build_dataset
from sracl.datasets.dataset import Dataset
from sracl.datasets.splits import make_split
from sracl.datasets.splits.time_overlap import later_training_share
from sracl.datasets.tables import Columns
from sracl.errors import InputError

DAY = 86_400


def prepared(rows: list[tuple[int, int, int | float]], time: str | None = "timestamp") -> Dataset:
    frame = pl.DataFrame(rows, schema=["user_id", "item_id", "timestamp"], orient="row")
    return build_dataset(frame, None, Columns(time=time), min_interactions=1)[0]


ROWS = [(1, 10, 5), (1, 11, 6), (1, 12, 9), (2, 10, 1), (2, 12, 2), (2, 13, 7), (3, 11, 3), (3, 10, 9)]
GLOBAL = SplitConfig(kind="global-time", validation=0.5, test=0.8)


def test_leave_one_out_is_the_default() -> None:
    split = make_split(prepared(ROWS), SplitConfig())
    assert (split.name, split.cuts) == ("leave-one-out", None)
    assert split.test.users.tolist() == [0, 1]


def test_global_time_by_shares_survives_saving(tmp_path: Path) -> None:
    dataset = prepared([(user, item, time * DAY) for user, item, time in ROWS])
    dataset.save(tmp_path / "dataset")
    loaded = Dataset.load(tmp_path / "dataset")
    assert loaded.clock == "s"
    for found in (dataset, loaded):
        split = make_split(found, GLOBAL)
        assert split.name == "global-time"
        assert split.cuts == ("1970-01-07T00:00:00+00:00", "1970-01-10T00:00:00+00:00")
        assert split.training_lengths.tolist() == [1, 2, 1]
        assert split.targets("test").tolist() == [2, 0]


def test_global_time_by_dates() -> None:
    dataset = prepared([(user, item, time * DAY) for user, item, time in ROWS])
    settings = SplitConfig(kind="global-time", validation="1970-01-07", test="1970-01-10T00:00:00+00:00")
    assert make_split(dataset, settings).targets("test").tolist() == [2, 0]


def test_positions_are_no_times() -> None:
    counted = prepared([(1, 10, 0), (1, 11, 1), (1, 12, 2), (2, 10, 0), (2, 12, 1), (3, 11, 1), (3, 10, 2)])
    assert (counted.clock, counted.times) == ("order", None)
    with pytest.raises(InputError, match=r"global-time, but the time column only counts each user's own interactions"):
        make_split(counted, GLOBAL)


def test_the_order_of_rows_is_no_time() -> None:
    with pytest.raises(InputError, match=r"global-time, but no times are known: there is no time column"):
        make_split(prepared(ROWS, time=None), GLOBAL)


def test_a_time_that_is_nan_is_refused_when_the_data_are_prepared() -> None:
    with pytest.raises(InputError, match=r"data row 2, column 'timestamp': 'nan' is no time"):
        prepared([(1, 10, 5.0), (1, 11, float("nan")), (2, 10, 1.0)])


def test_the_share_of_training_that_is_later_than_a_test_target() -> None:
    dataset = prepared(ROWS)
    split = make_split(dataset, SplitConfig())
    # Training: user 1 at 5; user 2 at 1; user 3, who only trains, at 3 and 9. Test: user 1 at 9, user 2 at 7.
    assert later_training_share(split, dataset.times, "test") == pytest.approx((0 + 1 / 4) / 2)
    assert later_training_share(make_split(dataset, GLOBAL), dataset.times, "test") == 0.0
