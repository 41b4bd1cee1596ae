"""The split by global time on real times, MovieLens latest-small. Skipped where it is not on this machine."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from sracl.config import SplitConfig, make_config
from sracl.datasets.build import build_dataset
from sracl.datasets.dataset import Dataset
from sracl.datasets.splits import make_split
from sracl.datasets.splits.time_overlap import later_training_share
from sracl.datasets.tables import Columns
from sracl.pipeline.display import Display
from sracl.pipeline.run import Run

FOLDER = Path(__file__).parent.parent.parent / "shared" / "data" / "ml-latest-small"
pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason="../shared/data is not on this machine")


@pytest.fixture(scope="module")
def films() -> Dataset:
    columns = Columns("userId", "movieId", "timestamp", ("title", "genres"))
    return build_dataset(FOLDER / "ratings.csv", FOLDER / "movies.csv", columns, min_interactions=5)[0]


@pytest.mark.parametrize("targets", ["first", "every"])
def test_no_real_interaction_trains_after_the_cut_nor_is_read_at_its_targets_moment(films, targets) -> None:
    split = make_split(films, SplitConfig(kind="global-time", targets=targets))
    offsets = films.histories.offsets
    lasts = (offsets[:-1] + split.training_lengths)[split.training_lengths > 0] - 1
    cut = np.sort(films.times)[int(0.8 * len(films.times))]
    assert films.times[lasts].max() < cut
    assert split.training_lengths.sum() == (films.times < cut).sum()
    for part in (split.validation, split.test):
        read = films.times[offsets[part.users] + part.lengths - 1]
        assert (read < films.times[part.places]).all()
    assert later_training_share(split, films.times, "test") == 0
    assert split.cuts[0] < split.cuts[1]
    assert split.facts()["test"]["targets"] == len(split.test) > 0


def test_a_date_cuts_where_it_says(films) -> None:
    split = make_split(films, SplitConfig(kind="global-time", validation="2014-01-01", test="2015-06-01"))
    assert split.cuts == ("2014-01-01T00:00:00+00:00", "2015-06-01T00:00:00+00:00")
    assert split.training_lengths.sum() == (films.times < 1_388_534_400).sum()


def test_leave_one_out_trains_on_what_is_later_than_its_targets(films) -> None:
    assert later_training_share(make_split(films, SplitConfig()), films.times, "test") > 0.3


@pytest.mark.slow
def test_a_whole_run(tmp_path) -> None:
    config = make_config(
        {
            "run_dir": str(tmp_path / "run"),
            "dataset": {
                "interactions": str(FOLDER / "ratings.csv"),
                "items": str(FOLDER / "movies.csv"),
                "columns": {"user": "userId", "item": "movieId", "text": ["title", "genres"]},
                "split": {"kind": "global-time", "targets": "every"},
            },
            "backbone": {"dimension": 16, "layers": 1},
            "objectives": {"cross_sequence": {"weight": 0}, "intra_sequence": {"weight": 0}},
            "training": {"epochs": 1, "targets_per_step": 2000, "learning_rate": 0.01, "device": "cpu"},
        }
    )
    run = Run(config, Display(Console(file=io.StringIO(), width=200)))
    run.up_to("evaluate")
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["split"] == "global-time"
    facts = metrics["split_facts"]
    asked = facts["test"]["targets"] + facts["test"]["targets_left_out_without_history"]
    assert facts["training"]["interactions"] + asked < len(run.dataset.histories.values)
    assert metrics["test_known_items"]["NDCG@10"] > metrics["test"]["NDCG@10"] > 0
