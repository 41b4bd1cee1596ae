"""A trained run, served."""

import io

import pytest
from fastapi.testclient import TestClient
from rich.console import Console

from sracl.config import read_config
from sracl.pipeline.display import Display
from sracl.pipeline.run import Run
from sracl.serving import start
from sracl.serving.app import make_app
from sracl.serving.models import Models
from support.small_run import write_config, write_data


@pytest.fixture(scope="session")
def run_dir(tmp_path_factory):
    """A small run up to its model, with texts."""
    folder = tmp_path_factory.mktemp("served")
    write_data(folder)
    config = read_config(write_config(folder))
    Run(config, Display(Console(file=io.StringIO(), width=200))).up_to("train")
    return folder / "run"


@pytest.fixture(scope="session")
def models(run_dir) -> Models:
    return Models({"shop": run_dir, "other": run_dir})


@pytest.fixture(scope="session")
def client(models):
    app = make_app(models, start.searches_of(models), start.explainers_of(models))
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client
