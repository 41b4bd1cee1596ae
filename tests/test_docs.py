"""The documents are true: the program has what they name, and their Python runs."""

import re
from pathlib import Path

from typer.testing import CliRunner

from sracl import cli

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_readme_names_every_command_and_no_other() -> None:
    known = {command.name or command.callback.__name__ for command in cli.app.registered_commands} | {
        "answers",
        "datasets",
    }
    named = set(re.findall(r"^\| `sracl (\w+)", README, re.M)) | set(
        re.findall(r"`(\w+)`", next(line for line in README.splitlines() if line.startswith("| `sracl prepare`")))
    )
    assert named == known


def test_every_command_explains_itself() -> None:
    for name in [
        "run",
        "prepare",
        "train",
        "evaluate",
        "recommend",
        "datasets list",
        "datasets fetch",
        "doctor",
        "neighbors",
        "answers export",
        "answers read-batches",
        "study",
        "tune",
        "extend",
        "update",
    ]:
        result = CliRunner().invoke(cli.app, [*name.split(), "--help"])
        assert result.exit_code == 0
        assert "Usage" in result.output


def test_links_to_files_lead_to_files() -> None:
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_readmes_first_commands_are_targets_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    first = README.split("```")[1]
    assert "make demo" in first
    assert "make test" in first
    for target in re.findall(r"make (\w+)", README):
        assert re.search(rf"^{target}:", makefile, re.M), target


def test_the_judge_calls_the_readmes_test_command() -> None:
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
