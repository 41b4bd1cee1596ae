"""Every command in the documents is one that the program takes: its name, options, values and settings."""

import ast
import re
import tomllib
from typing import Any

import pytest
import typer
import yaml

from sracl import cli
from sracl.config import make_config, read_config
from support.documents import ROOT, Block, Command, blocks, commands, pages

PAGES = [page for page in pages() if page.name not in ("commands.md",)]
"""commands.md is made from the program itself."""
ALL = [command for page in PAGES for command in commands(page)]
SNIPPETS = [block for page in PAGES for block in blocks(page)]
PLACEHOLDER = re.compile(r"^[A-Z]+$")
"""A value that a reader fills in."""
MINIMAL = {"dataset": {"interactions": "interactions.csv", "items": "items.csv"}}


def of(program: str) -> list[Any]:
    found = [command for command in ALL if command.program == program]
    return [pytest.param(command, id=f"{command.place} {command.text[:60]}") for command in found]


def in_language(language: str) -> list[Any]:
    return [pytest.param(block, id=block.place) for block in SNIPPETS if block.language == language]


@pytest.mark.parametrize("command", of("sracl"))
def test_the_program_takes_the_command(command: Command, tmp_path) -> None:
    found, words = typer.main.get_command(cli.app), list(command.words[1:])
    while hasattr(found, "commands"):
        found = found.commands[words.pop(0)]
    values = found.make_context("sracl", words).params
    (tmp_path / "shop.yaml").write_text(yaml.safe_dump(MINIMAL))
    given = [one for one in values.get("overrides") or [] if not PLACEHOLDER.match(one.split("=", 1)[1])]
    config = ROOT / values["config"] if (ROOT / str(values.get("config"))).is_file() else tmp_path / "shop.yaml"
    read_config(config, given)


@pytest.mark.parametrize("command", of("python"))
def test_the_repository_has_the_script_with_these_options(command: Command) -> None:
    if command.words[1] == "-c":
        ast.parse(command.words[2])
        return
    code = (ROOT / command.words[1]).read_text(encoding="utf-8")
    for option in (word for word in command.words if word.startswith("--")):
        assert f'"{option}"' in code, f"{command.words[1]} has no {option}"


@pytest.mark.parametrize("command", of("make"))
def test_the_makefile_has_the_target(command: Command) -> None:
    assert re.search(rf"^{command.words[1]}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)


@pytest.mark.parametrize("command", of("pip"))
def test_the_package_has_the_extra(command: Command) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = re.findall(r"sracl\[([\w,]+)\]", command.text)
    assert extras or "mlflow" in command.words
    assert {name for some in extras for name in some.split(",")} <= set(project["optional-dependencies"])


@pytest.mark.parametrize("command", of("docker"))
def test_the_container_takes_its_user_and_variables(command: Command) -> None:
    file = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    for name in re.findall(r"--build-arg (\w+)=", command.text):
        assert f"ARG {name}" in file
    for name in re.findall(r"-e (\w+)", command.text):
        assert f'"--token-env", "{name}"' in file


@pytest.mark.parametrize("block", in_language("yaml"))
def test_the_configuration_takes_the_snippet(block: Block) -> None:
    make_config(MINIMAL | yaml.safe_load(block.text), block.place)


@pytest.mark.parametrize("block", in_language("python"))
def test_the_snippet_is_python(block: Block) -> None:
    ast.parse(block.text)


def test_commands_in_the_running_text_exist() -> None:
    known = {command.name or command.callback.__name__ for command in cli.app.registered_commands}
    known |= {group.name for group in cli.app.registered_groups}
    for page in PAGES:
        for name in re.findall(r"`sracl ([a-z]+)", page.read_text(encoding="utf-8")):
            assert name in known, f"{page.name}: sracl {name}"


def test_nothing_is_left_out() -> None:
    """What the tests above find is all that there is: no command hides in a form that they do not see."""
    seen = {command.text for command in ALL}
    for page in PAGES:
        for line in page.read_text(encoding="utf-8").splitlines():
            bare = re.sub(r"\s+#.*|\s*\\$", "", line.strip())
            if re.match(r"^(\w+=\S+ |nice .*|taskset .*)?sracl [a-z]", bare) and not line.startswith("`"):
                assert any(bare in one for one in seen), f"{page.name}: {line}"


def test_blocks_hold_what_is_tested_here() -> None:
    assert {block.language for block in SNIPPETS} <= {"sh", "yaml", "python", "text"}
    assert {command.program for command in ALL} <= {"sracl", "python", "make", "pip", "curl", "tensorboard", "docker"}
