"""A run by `engine: ray` leaves what a run by `engine: local` leaves, through a kill, and no process behind."""

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from pipeline.test_describing import configured, script
from pipeline.test_run import run_of
from sracl.config import read_config
from sracl.errors import InputError, SraclError
from sracl.semantics import index
from support.answers import contents
from support.chat_server import Reply, chat_server
from support.small_run import ITEMS, write_config, write_data

KNOWN_LINE = "constructor arguments in the object store"
"""What Ray Data 2.60 prints, whatever it is told."""


@pytest.fixture
def folder(tmp_path) -> Path:
    write_data(tmp_path)
    return tmp_path


def steady(body: dict, number: int) -> Reply:
    """The same answer to the same question, whenever it is asked."""
    about = str(len(str(body["messages"])))
    return script(body, int(about))


def run(config: Path, *arguments: object, **variables: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "sracl", *map(str, arguments[:1]), str(config), *map(str, arguments[1:])]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, env=os.environ | {"OMP_NUM_THREADS": "1"} | variables, **pipes)


def done(process: subprocess.Popen) -> str:
    out, err = process.communicate(timeout=600)
    assert process.returncode == 0, err
    said = [line for line in err.splitlines() if line and KNOWN_LINE not in line]
    assert said == [], "Ray is quiet"
    return out


def until(happened: Callable[[], bool], seconds: float = 300) -> bool:
    deadline = time.monotonic() + seconds
    while not (found := happened()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


@contextmanager
def no_process_left(seconds: float) -> Iterator[dict[str, str]]:
    """Gives variables for processes to inherit; after the block every one that did must end in so many seconds."""
    mark = f"SRACL_TEST_MARK={uuid.uuid4().hex}".encode()
    yield dict([mark.decode().split("=")])

    def left() -> list[str]:
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (process / "environ").read_bytes():
                    found.append((process / "cmdline").read_text())
            except OSError:
                """It ended meanwhile."""
        return found

    assert until(lambda: not left(), seconds), left()


def assert_same_semantics(first: Path, second: Path) -> None:
    names = sorted(path.name for path in first.glob("*.npy"))
    assert names == sorted(path.name for path in second.glob("*.npy"))
    for name in names:
        np.testing.assert_array_equal(np.load(first / name), np.load(second / name), err_msg=name)
    for name in (index.ITEMS, index.PROFILES):
        assert_frame_equal(pl.read_parquet(first / name), pl.read_parquet(second / name))
    assert (first / index.MANIFEST).read_text() == (second / index.MANIFEST).read_text()


def test_without_ray_one_line_says_what_to_install_before_anything_is_made(folder, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    config = read_config(write_config(folder), ["engine=ray"])
    with pytest.raises(SraclError, match=r"^engine: ray needs the package ray: pip install 'sracl\[ray\]'$"):
        run_of(config).up_to("prepare")
    assert not (config.run_dir / "dataset").exists()


@pytest.mark.parametrize(
    ("address", "told"),
    [("127.0.0.1:9", "no Ray cluster answers at RAY_ADDRESS=127.0.0.1:9"), ("ray://here:10001", "HOST:PORT or auto")],
)
def test_an_address_where_no_cluster_is_is_told(folder, monkeypatch, address: str, told: str) -> None:
    monkeypatch.setenv("RAY_ADDRESS", address)
    with pytest.raises(InputError, match=told):
        run_of(read_config(write_config(folder), ["engine=ray"])).up_to("embed")


@pytest.mark.slow
def test_a_run_by_ray_is_that_of_one_process_and_leaves_no_process(folder) -> None:
    with chat_server(steady) as server:
        config = configured(folder, server.base_url)
        with no_process_left(20) as variables:
            done(run(config, "neighbors", "-o", "engine=ray", "-o", "ray.workers=2", "-o", "ray.cpus=1", **variables))
        asked = len(server.bodies)
        here = ["-o", f"run_dir={folder / 'here'}", "-o", f"semantics.writer.store={folder / 'here.sqlite'}"]
        done(run(config, "neighbors", *here))
        assert len(server.bodies) == 2 * asked
    assert_same_semantics(folder / "run" / "semantics", folder / "here" / "semantics")
    assert contents(folder / "answers.sqlite") == contents(folder / "here.sqlite")
    assert "nothing to do" in done(run(config, "neighbors")), "the engine is no setting of a stage"


@pytest.mark.slow
def test_a_killed_run_by_ray_goes_on_and_asks_only_what_was_under_way_again(folder) -> None:
    slowly = ["-o", "engine=ray", "-o", "ray.workers=2", "-o", "ray.cpus=1", "-o", "semantics.writer.concurrency=3"]
    with chat_server(lambda body, number: Reply(steady(body, number).text, seconds=0.2)) as server:
        config = configured(folder, server.base_url)
        with no_process_left(180) as variables:
            first = run(config, "describe", *slowly, **variables)
            assert until(lambda: len(server.bodies) >= ITEMS // 2)
            first.send_signal(signal.SIGKILL)
            first.communicate()
            before = len(contents(folder / "answers.sqlite")[0])
            assert 0 < before < ITEMS
            done(run(config, "describe", *slowly, **variables))
    asked = [str(body["messages"]) for body in server.bodies]
    assert len(asked) - len(set(asked)) <= 3
    assert len(contents(folder / "answers.sqlite")[0]) == len(set(asked))


@pytest.mark.slow
def test_a_cluster_is_found_by_its_address(folder) -> None:
    from ray.cluster_utils import Cluster

    with chat_server(steady) as server:
        config = configured(folder, server.base_url)
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
        try:
            cluster.add_node(num_cpus=1)
            done(run(config, "embed", "-o", "engine=ray", "-o", "ray.workers=2", RAY_ADDRESS=cluster.address))
        finally:
            cluster.shutdown()
        here = ["-o", f"run_dir={folder / 'here'}", "-o", f"semantics.writer.store={folder / 'here.sqlite'}"]
        done(run(config, "embed", *here))
        assert_same_semantics(folder / "run" / "semantics", folder / "here" / "semantics")
