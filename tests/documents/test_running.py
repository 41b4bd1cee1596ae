"""What a reader copies runs: every command and every Python snippet of a page, in order, in a shop of 40 people."""

import json
import os
import re
import runpy
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jaxtyping
import polars as pl
import pytest
import yaml
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from sracl import cli
from sracl.serving import start
from sracl.serving.app import make_app
from sracl.serving.models import Models
from support.chat_server import Reply, chat_server
from support.documents import ROOT, Command, blocks, commands, pages
from support.small_run import write_data

pytestmark = pytest.mark.slow

ELSEWHERE = {
    r"sracl serve ": "answers until it is interrupted: tests/serving/test_start.py",
    r"sracl study |sracl tune ": "dozens of trainings, each in a process: tests/studies, tests/tuning",
    r"studies/tune/sracl.yaml": "is left by `sracl tune`: tests/tuning",
    r"--measure": "trains six times: tests/auditing/test_measuring.py",
    r"engine=ray": "starts a Ray: tests/engines/ray",
    r"answers read-batches": "reads a provider's files: tests/test_answers.py",
}
"""Commands that are parsed (test_commands.py) and not run here, and who runs them."""
LOGS = ("experiments.md", "commands.md")
"""The log of what was run once, for hours; and the program's own help."""
STOPPED = "max_requests="
"""A budget, which ends a run with exit code 1 where there is more to do."""
COPIES = {"colleague.parquet": "answers.parquet"}
"""Files that a reader gets from somebody, and what they are here."""
PAGES = [page for page in pages() if page.name not in LOGS]
FIRST_DAY, DAY = 1_388_534_400, 86_400
"""2014-01-01, in seconds since 1970; seconds."""
LATER = FIRST_DAY + 1000 * DAY


def to_run(page: Path) -> list[Command]:
    found = [command for command in commands(page) if command.program == "sracl"]
    return [command for command in found if not any(re.search(pattern, command.text) for pattern in ELSEWHERE)]


def with_python(page: Path) -> str:
    return "\n".join(block.text for block in blocks(page) if block.language == "python")


def write_shop(folder: Path) -> None:
    """The files that the pages name: tables of two years, a configuration, users, and items that came later."""
    write_data(folder, seed=1, spread=700)
    interactions = pl.read_csv(folder / "interactions.csv")
    days = interactions.with_columns(timestamp=(pl.col("timestamp") - 1000) * DAY + FIRST_DAY)
    days.write_csv(folder / "interactions.csv")
    later = {"item_id": ["i90", "i91"], "title": ["a new soap", "a new perfume"], "brand": ["brand 1", "brand 2"]}
    pl.DataFrame(later).write_csv(folder / "new_items.csv")
    new = [("u001", "i07"), ("u001", "i12"), ("u900", "i07"), ("u900", "i01"), *[("u900", "i90")] * 5]
    rows = [{"user_id": user, "item_id": item, "timestamp": LATER + place} for place, (user, item) in enumerate(new)]
    pl.DataFrame(rows).write_csv(folder / "new.csv")
    (folder / "some.txt").write_text("u001\nu002\n")
    readme = next(block for block in blocks(ROOT / "README.md") if "# shop.yaml" in block.text)
    values = yaml.safe_load(readme.text)
    # A model that is read in seconds; every other setting stands as a reader copies it.
    values |= {"backbone": {"dimension": 16}, "training": {"epochs": 2}}
    (folder / "shop.yaml").write_text(yaml.safe_dump(values))
    (folder / "examples").symlink_to(ROOT / "examples")


@pytest.fixture(autouse=True)
def _unchecked_shapes() -> Iterator[None]:
    """The exporter calls a backbone with sizes that are symbols, which are no int to the checks of signatures."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.fixture(scope="module")
def trained_shop(tmp_path_factory) -> Path:
    """The shop after `sracl run shop.yaml`."""
    folder = tmp_path_factory.mktemp("shop")
    write_shop(folder)
    ran(folder, ["run", "shop.yaml"])
    return folder


@contextmanager
def within(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def ran(folder: Path, words: list[str]) -> None:
    with within(folder):
        done = CliRunner().invoke(cli.app, words)
    if any(STOPPED in word for word in words):
        assert "stopped at" in str(done.exception)
        return
    assert done.exit_code == 0, f"{' '.join(words)}: {done.output}\n{done.exception!r}"


def copy_of(shop: Path, folder: Path) -> None:
    shutil.copytree(shop, folder, symlinks=True, dirs_exist_ok=True)


def run_all(page: Path, folder: Path) -> None:
    for command in to_run(page):
        for name, source in COPIES.items():
            if name in command.words:
                shutil.copyfile(folder / source, folder / name)
        ran(folder, list(command.words[1:]))


def without(name: str) -> list[pytest.ParameterSet]:
    return [pytest.param(page, id=page.name) for page in PAGES if to_run(page) and page.name != name]


@pytest.mark.parametrize("page", without("language_models.md"))
def test_every_command_of_the_page_runs(page: Path, trained_shop, tmp_path) -> None:
    copy_of(trained_shop, tmp_path)
    run_all(page, tmp_path)


def test_every_command_about_language_models_runs_against_a_server(tmp_path, monkeypatch) -> None:
    def answer(body: dict, _: int) -> Reply:
        asked = json.dumps(body["messages"])
        text = {"item summary": "It is for the bath.", "potential user analysis": "People who bathe."}
        return Reply(json.dumps(text) if "item summary" in asked else "This person likes baths and soap.")

    write_shop(tmp_path)
    page = ROOT / "docs" / "language_models.md"
    settings = yaml.safe_load(next(block.text for block in blocks(page) if "deepseek" in block.text))
    with chat_server(answer) as server:
        settings["semantics"]["writer"]["base_url"] = server.base_url
        # A profile a person, not a prefix: a tenth of the requests.
        settings["semantics"]["profiles"] = "last"
        settings["semantics"]["writer"]["requests_per_minute"] = 100_000
        monkeypatch.setenv("DEEPSEEK_API_KEY", "a key")
        values = yaml.safe_load((tmp_path / "shop.yaml").read_text()) | settings
        (tmp_path / "shop.yaml").write_text(yaml.safe_dump(values))
        run_all(page, tmp_path)
        assert len(server.bodies) > 60


@pytest.mark.parametrize("page", [pytest.param(page, id=page.name) for page in PAGES if with_python(page)])
def test_all_python_of_the_page_runs_as_one_program(page: Path, trained_shop, tmp_path) -> None:
    copy_of(trained_shop, tmp_path)
    if page.name == "exporting.md":
        ran(tmp_path, ["export", "runs/shop", "shop-onnx"])
    # A couple of epochs are enough here.
    code = re.sub(r'"epochs": \d+', '"epochs": 1', with_python(page))
    (tmp_path / "page.py").write_text(code, encoding="utf-8")
    with within(tmp_path):
        runpy.run_path("page.py")


def test_the_service_answers_every_request_of_its_page(trained_shop) -> None:
    asked = [command for command in commands(ROOT / "docs" / "serving.md") if command.program == "curl"]
    models = Models({"shop": trained_shop / "runs" / "shop"})
    with TestClient(make_app(models, start.searches_of(models), start.explainers_of(models))) as client:
        for command in asked:
            path = next(re.sub(r".*localhost:8000", "", word) for word in command.words if "localhost" in word)
            body = command.words[command.words.index("-d") + 1] if "-d" in command.words else None
            answer = client.get(path) if body is None else client.post(path, json=json.loads(body))
            assert answer.status_code == 200, f"{command.place}: {answer.text}"
    assert asked


def test_no_exception_is_out_of_date() -> None:
    texts = [command.text for page in PAGES for command in commands(page)]
    for pattern, reason in ELSEWHERE.items():
        assert any(re.search(pattern, text) for text in texts), pattern
        for path in re.findall(r"tests/[\w/.]+", reason):
            assert (ROOT / path).exists(), path
