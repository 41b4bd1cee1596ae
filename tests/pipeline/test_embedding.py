"""Embedding by a server from the command line: its cost before, its limit, what was spent, and how it goes on."""

import json
from pathlib import Path

import pytest

from pipeline.test_describing import script, sracl
from semantics.encoders.test_openai_endpoint import embeddings
from support.chat_server import ChatServer, Reply, chat_server
from support.small_run import ITEMS, write_config, write_data

BATCH, TOKENS = 8, 100
"""Texts a call, and what the server bills for one: nearly what is estimated."""


def served(body: dict, number: int) -> Reply:
    if "input" not in body:
        return script(body, number)
    answer = json.loads(embeddings(body, number).body)
    return Reply(body=json.dumps(answer | {"usage": {"prompt_tokens": TOKENS, "total_tokens": TOKENS}}))


def configured(folder: Path, server: ChatServer, **writer: object) -> Path:
    (folder / "prices.yaml").write_text("vec: {input: 1_000_000, output: 0, as_of: 2026-01-01}")
    encoder = {
        "kind": "openai", "model": "vec", "base_url": server.base_url, "api_key_env": None, "batch_size": BATCH,
        "prices": str(folder / "prices.yaml"),
    }  # fmt: skip
    return write_config(folder, semantics={"neighbors": 3, "encoder": encoder, "writer": writer})


@pytest.fixture
def folder(tmp_path) -> Path:
    write_data(tmp_path)
    return tmp_path


def test_a_dry_run_tells_the_price_and_embeds_nothing_and_a_limit_stops_cleanly(folder) -> None:
    with chat_server(served) as server:
        config = configured(folder, server)
        code, out, err = sracl("embed", config, "--dry-run")
        assert code == 0, err
        assert server.bodies == []
        assert "embedding with vec, nothing embedded" in out
        assert "prices of 2026-01-01" in out
        assert "tokens counted by bytes" in out
        code, out, err = sracl("embed", config, "-o", "semantics.encoder.max_cost=250")
        assert code == 1
        assert "stopped at semantics.encoder.max_cost = 250" in err
        assert f"{2 * BATCH} texts embedded in 2 calls, 200 tokens, 200.0000 US dollars" in out
        assert len(server.bodies) == 2
        code, out, _ = sracl("embed", config, "--dry-run")
        assert f" {2 * BATCH} " in next(line for line in out.splitlines() if "embedded before" in line)
        code, out, err = sracl("neighbors", config, "-o", "semantics.encoder.max_cost=600")
        assert code == 0, err
        assert len(server.bodies) == -(-ITEMS // BATCH)
        assert f"{ITEMS - 2 * BATCH} texts embedded in 2 calls" in out


def test_a_dry_run_before_the_texts_are_written_asks_nobody_and_says_at_most(folder) -> None:
    with chat_server(served) as server:
        writer = {"kind": "openai", "model": "big", "base_url": server.base_url, "api_key_env": None}
        config = configured(folder, server, **writer, store=str(folder / "answers.sqlite"))
        code, out, err = sracl("embed", config, "--dry-run")
    assert code == 0, err
    assert server.bodies == []
    assert "texts, at most" in out
    assert "they are not written yet" in out


def test_a_run_that_reads_no_texts_has_no_plan(folder) -> None:
    config = write_config(folder)
    off = ["-o", "objectives.cross_sequence.weight=0", "-o", "objectives.intra_sequence.weight=0"]
    code, _, err = sracl("embed", config, "--dry-run", *off)
    assert (code, "nothing is embedded" in err) == (2, True)
