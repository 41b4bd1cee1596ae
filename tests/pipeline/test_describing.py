"""Looking before paying: plans, prompts, failures and repetitions from the command line."""

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from sracl.semantics.language_models.store import AnswerStore
from support.chat_server import Reply, chat_server
from support.small_run import ITEMS, write_config, write_data


def script(body: dict, number: int) -> Reply:
    if "response_format" in body:
        return Reply(json.dumps({"item summary": f"Item {number}.", "potential user analysis": "People."}))
    return Reply(f"Person {number}.")


def refuses(body: dict, number: int) -> Reply:
    about = body["messages"][-1]["content"]
    return Reply("I'm sorry, no.") if "title: lipstick number 7\n" in about else script(body, number)


def configured(folder: Path, base_url: str) -> Path:
    writer = {"kind": "openai", "model": "big", "base_url": base_url, "api_key_env": None, "tries": 1}
    semantics = {"neighbors": 3, "profiles": "last", "writer": writer | {"store": str(folder / "answers.sqlite")}}
    return write_config(folder, semantics=semantics)


def sracl(*arguments: object) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "sracl", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def folder(tmp_path) -> Path:
    write_data(tmp_path)
    return tmp_path


def test_a_dry_run_and_a_preview_ask_nothing(folder) -> None:
    with chat_server(script) as server:
        config = configured(folder, server.base_url)
        code, out, _ = sracl("describe", config, "--dry-run", "--preview", "i03", "--preview", "u001")
    assert code == 0
    assert server.bodies == []
    assert "title: razor number 3" in out
    assert "--- user u001" in out
    assert "not known; see semantics.writer.prices" in out
    assert "tokens counted by bytes" in out
    assert "semantics.writer.tokenizer = " in out
    assert not (folder / "run" / "semantics").exists()


def test_an_unknown_id_and_a_writer_that_asks_nobody_are_bad_input(folder) -> None:
    config = configured(folder, "http://127.0.0.1:9/v1")
    code, _, err = sracl("describe", config, "--preview", "nobody")
    assert (code, "'nobody' is neither an item nor a user" in err) == (2, True)
    code, _, err = sracl("describe", config, "--dry-run", "-o", "semantics.writer.kind=template")
    assert (code, "asks no language model" in err) == (2, True)


def test_failures_are_listed_and_a_retry_asks_for_them_alone_and_makes_what_follows_anew(folder) -> None:
    with chat_server(refuses) as server:
        config = configured(folder, server.base_url)
        code, out, err = sracl("neighbors", config)
        assert code == 0, err
        assert "1 failed" in out
        items = pl.read_parquet(folder / "run" / "semantics" / "items.parquet")
        assert items.filter(pl.col("source") == "template")["item_id"].to_list() == ["i07"]
        code, out, _ = sracl("describe", config, "--failures")
        assert code == 0
        assert "1 requests without a usable answer" in out
        assert "the answer is a refusal" in out
        asked = len(server.bodies)
        server.script = script
        code, out, err = sracl("describe", config, "--retry")
        assert code == 0, err
        assert len(server.bodies) == asked + 1
        items = pl.read_parquet(folder / "run" / "semantics" / "items.parquet")
        assert items["source"].to_list() == ["big"] * ITEMS
        code, out, err = sracl("neighbors", config)
        assert code == 0, err
        assert "describe: done before" in out
        assert "embed: done before" not in out
        code, out, _ = sracl("describe", config, "--retry")
        assert "nothing failed" in out


def test_a_wrong_key_is_one_message_without_the_key_and_the_store_keeps_what_was_answered(folder, monkeypatch) -> None:
    monkeypatch.setenv("SRACL_TEST_KEY", "sk-secret-4711")
    with chat_server(lambda body, number: Reply(status=401) if number >= 5 else script(body, number)) as server:
        config = configured(folder, server.base_url)
        arguments = ["-o", "semantics.writer.api_key_env=SRACL_TEST_KEY", "-o", "semantics.writer.concurrency=1"]
        code, out, err = sracl("run", config, *arguments)
    assert code == 1
    assert "SRACL_TEST_KEY is missing, wrong or not allowed" in err
    assert len(err.strip().splitlines()) <= 2
    for text in (out, err, *(path.read_bytes().decode("latin-1") for path in folder.rglob("*") if path.is_file())):
        assert "sk-secret-4711" not in text
    with AnswerStore(folder / "answers.sqlite") as store:
        assert sum(totals.answers for totals in store.totals()) == 5
