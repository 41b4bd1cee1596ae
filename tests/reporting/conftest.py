"""A trained run with hostile titles, and its report."""

import shutil

import polars as pl
import pytest

from sracl.pipeline.run import Run
from sracl.reporting import write_report
from support.reported import HOSTILE, make_run, quiet
from support.small_run import write_data


@pytest.fixture(scope="session")
def hostile(tmp_path_factory) -> Run:
    """A trained run of items whose titles and brands attack the page, with the plain backbone beside it."""
    folder = tmp_path_factory.mktemp("reported")
    write_data(folder)
    items = pl.read_csv(folder / "items.csv")
    titles = [*HOSTILE, *items["title"][len(HOSTILE) :]]
    brands = [f"<i>brand {number % 4}</i>" for number in range(items.height)]
    items.with_columns(title=pl.Series(titles), brand=pl.Series(brands)).write_csv(folder / "items.csv")
    return make_run(folder, evaluation={"baselines": ["popularity", "repeat-last", "backbone"]})


@pytest.fixture(scope="session")
def page_file(hostile):
    """The report of that run."""
    return write_report(hostile)


@pytest.fixture
def copied(hostile, tmp_path) -> Run:
    """The same run in another place, for a test to break; nothing of it has been read yet."""
    shutil.copytree(hostile.folder, tmp_path / "run")
    return Run(hostile.config.model_copy(update={"run_dir": tmp_path / "run"}), quiet())
