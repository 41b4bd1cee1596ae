"""Looking before paying: plans, prompts, failures and repetitions from the command line."""

import json
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
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


def test_failures_name_whom_they_are_about_and_tell_others_apart(folder) -> None:
    with chat_server(refuses) as server:
        config = configured(folder, server.base_url)
        assert sracl("describe", config)[0] == 0
        asked = len(server.bodies)
        code, out, _ = sracl("describe", config, "--failures")
        assert (code, "  item i07: the answer is a refusal; it said" in out) == (0, True)
        other = ["-o", "semantics.domain=soaps"]
        code, out, _ = sracl("describe", config, "--failures", *other)
        assert "0 requests without a usable answer" in out
        assert "(1 more there are of other runs or settings)" in out
        code, out, _ = sracl("describe", config, "--retry")
        assert (code, "no new text came of it" in out) == (0, True)
        assert len(server.bodies) == asked + 1


def test_a_limit_holds_over_items_and_profiles_and_settings_may_change_before_the_stage_is_done(
    folder,
) -> None:
    with chat_server(script) as server:
        config = configured(folder, server.base_url)
        code, _, err = sracl("describe", config, "-o", f"semantics.writer.max_requests={ITEMS + 2}")
        assert (code, f"max_requests = {ITEMS + 2}: 2 answers more" in err) == (1, True)
        assert len(server.bodies) == ITEMS + 2
        code, _, err = sracl("describe", config, "-o", "semantics.domain=soaps")
        assert code == 0, err
        code, _, err = sracl("describe", config)
        assert (code, "holds the stage `describe` of other settings" in err) == (2, True)


def test_what_the_store_answers_needs_no_key_and_no_server(folder) -> None:
    with chat_server(script) as server:
        config = configured(folder, server.base_url)
        assert sracl("describe", config)[0] == 0
    again = ["-o", f"run_dir={folder / 'again'}", "-o", "semantics.writer.api_key_env=SRACL_NO_SUCH_KEY"]
    code, _, err = sracl("describe", config, *again)
    assert code == 0, err
    missing = ["-o", "semantics.domain=soaps", "-o", f"run_dir={folder / 'third'}"]
    code, out, err = sracl("describe", config, *again[2:], *missing)
    assert (code, "the variable SRACL_NO_SUCH_KEY holds no key" in err) == (2, True)
    assert "0 failed, 0 requests" in out, "a request counted that was never sent"


def test_an_interruption_ends_with_a_summary_and_a_word_on_how_to_go_on(folder) -> None:
    with chat_server(lambda body, number: replace(script(body, number), seconds=0.2)) as server:
        config = configured(folder, server.base_url)
        command = [sys.executable, "-m", "sracl", "describe", str(config), "-o", "semantics.writer.concurrency=1"]
        run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 120
        while len(server.bodies) < 4 and time.monotonic() < deadline:
            time.sleep(0.02)
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=60)
    assert run.returncode == 130
    assert "interrupted; the same command goes on from here" in err
    assert "Traceback" not in err
    told = re.search(r"items: (\d+) answered", out)
    assert told is not None, out
    with AnswerStore(folder / "answers.sqlite") as store:
        assert sum(totals.answers for totals in store.totals()) == int(told[1]) >= 3
