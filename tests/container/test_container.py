"""The container file: checked as text, and its commands run here, as far as that goes without a container.

Not run: the base image, the build of layers, the other user, and the runtime's own isolation.
"""

import io
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import typer
from rich.console import Console

from sracl import cli
from sracl.config import read_config
from sracl.pipeline.display import Display
from sracl.pipeline.run import Run
from support.documents import ROOT
from support.small_run import write_config, write_data

CODE = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text(encoding="utf-8"))
STEPS = [tuple(line.split(maxsplit=1)) for line in CODE.splitlines() if line and not line.startswith("#")]


def of(step: str) -> list[str]:
    return [words for name, words in STEPS if name == step]


def last(step: str) -> list[str]:
    """What the last ENTRYPOINT or CMD runs."""
    return list(json.loads(of(step)[-1]))


HEALTHCHECK = list(json.loads(of("HEALTHCHECK")[0].split("CMD ", 1)[1]))


def test_hadolint_has_nothing_to_say() -> None:
    hadolint = Path(sysconfig.get_path("scripts")) / "hadolint"
    done = subprocess.run([hadolint, ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_program_takes_the_command_that_the_container_runs() -> None:
    program, command, *words = [*last("ENTRYPOINT"), *last("CMD")]
    assert program == "sracl"
    values = typer.main.get_command(cli.app).commands[command].make_context("sracl", words).params
    assert (values["host"], values["port"], values["token_env"]) == ("0.0.0.0", 8000, "SRACL_TOKEN")
    assert of("EXPOSE") == ["8000"]
    assert "127.0.0.1:8000/ready" in HEALTHCHECK[-1]


def test_nobody_is_root_and_no_secret_is_in_the_image() -> None:
    assert of("USER") == ["10001"]
    assert [name for name, _ in STEPS].index("USER") < [name for name, _ in STEPS].index("HEALTHCHECK")
    set_here = " ".join(of("ENV") + of("ARG"))
    assert not re.search(r"token|secret|password|key", set_here, re.I)


def test_the_build_sees_the_package_alone() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    seen = {rule[1:] for rule in rules if rule.startswith("!")}
    copied = {word for words in of("COPY") if "--from" not in words for word in words.split()[:-1]}
    assert seen == copied
    assert all((ROOT / path).exists() for path in copied)


@pytest.mark.slow
def test_its_commands_install_and_serve_a_model_and_write_nothing_to_it(tmp_path) -> None:
    place = tmp_path
    environment = installed(place)
    write_data(place)
    plain = {"cross_sequence": {"weight": 0}, "intra_sequence": {"weight": 0}}
    config = read_config(write_config(place, objectives=plain))
    Run(config, Display(Console(file=io.StringIO()))).up_to("train")
    model = place / "model"
    (place / "run").rename(model)
    for path in [model, *model.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = contents(model)
    port = free_port()

    def here(words: list[str]) -> list[str]:
        return [word.replace("8000", str(port)).replace("/model", str(model)) for word in words]

    program, *rest = here([*last("ENTRYPOINT"), *last("CMD")])
    rest[rest.index("0.0.0.0")] = "127.0.0.1"
    refused = subprocess.run(
        [place / "bin" / program, *rest], env=environment, capture_output=True, text=True, check=False
    )
    assert refused.returncode == 2
    assert "SRACL_TOKEN" in refused.stderr
    service = subprocess.Popen(
        [place / "bin" / program, *rest],
        env=environment | {"SRACL_TOKEN": "s3cret"},
        cwd=place,
    )
    try:
        check = [str(place / "bin" / HEALTHCHECK[0]), *here(HEALTHCHECK[1:])]
        deadline = time.monotonic() + 120
        while subprocess.run(check, env=environment, capture_output=True, check=False).returncode:
            assert service.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.5)
        assert asked(port, "s3cret") == 200
        assert asked(port, "guessed") == 401
    finally:
        service.terminate()
        assert service.wait(timeout=30) in (0, -signal.SIGTERM)
    assert contents(model) == before


def installed(place: Path) -> dict[str, str]:
    """An environment of its own with the package installed by the container's step, dependencies taken from here."""
    make, install = [shlex.split(part) for part in of("RUN")[0].split(" && ")]
    assert make == ["python", "-m", "venv", "/opt/sracl"]
    assert install[1:] == ["install", ".[serve]"]
    subprocess.run([sys.executable, "-m", "venv", place, "--without-pip"], check=True)
    packages = place / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    (packages / "here.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    for path in ("pyproject.toml", "README.md", "LICENSE"):
        (place / "build").mkdir(exist_ok=True)
        shutil.copyfile(ROOT / path, place / "build" / path)
    shutil.copytree(ROOT / "src", place / "build" / "src", ignore=shutil.ignore_patterns("__pycache__"))
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    command = [place / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-deps", "--ignore-installed", "."]
    subprocess.run(command, cwd=place / "build", env=environment, check=True)
    found = subprocess.run(
        [place / "bin" / "python", "-c", "import sracl; print(sracl.__file__)"],
        env=environment, cwd=place, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert found.stdout.startswith(str(place))
    return environment


def contents(folder: Path) -> dict[Path, tuple[int, int]]:
    """Every file and folder with its size and time of change."""
    found = {path: path.stat() for path in [folder, *folder.rglob("*")]}
    return {path: (status.st_size, status.st_mtime_ns) for path, status in found.items()}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def asked(port: int, token: str) -> int:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/recommendations",
        json.dumps({"history": ["i00"], "k": 2}).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
