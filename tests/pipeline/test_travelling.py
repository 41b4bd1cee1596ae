"""Answers taken along and ordered in batches, from the command line, to neighbours that a person looks at."""

import json
from pathlib import Path

import polars as pl
import pytest

from pipeline.test_describing import configured, script, sracl
from sracl.semantics.language_models.store import AnswerStore
from support.chat_server import chat_server, completion
from support.small_run import ITEMS, write_data


@pytest.fixture
def folder(tmp_path) -> Path:
    write_data(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_batches_answered_elsewhere_leave_nothing_to_ask(folder) -> None:
    """Request files, answered line by line as a provider would, make `describe` ask nobody."""
    config = configured(folder, "http://127.0.0.1:9/v1")
    code, out, err = sracl("answers", "write-batches", config, folder / "requests")
    assert code == 0, err
    assert "in 1 files; 0 are answered" in out
    lines = (folder / "requests" / "batch-0001.jsonl").read_text().splitlines()
    with (folder / "output.jsonl").open("w") as file:
        for number, line in enumerate(lines):
            request = json.loads(line)
            body = completion(request["body"], script(request["body"], number))
            response = {"status_code": 200, "body": json.loads(body)}
            file.write(json.dumps({"custom_id": request["custom_id"], "response": response}) + "\n")
        file.write("half a li")
    code, out, err = sracl("answers", "read-batches", config, folder / "output.jsonl")
    assert code == 0, err
    assert f"{len(lines)} stored, 0 without a usable answer, 0 of other requests, 1 damaged lines" in out
    assert f"line {len(lines) + 1}: " in out
    code, out, err = sracl("neighbors", config, "--show", "i03", "--show", "u001")
    assert code == 0, err
    assert "Item 3." in out
    assert "similarity" in out
    assert "user u001" in out
    items = pl.read_parquet(folder / "run" / "semantics" / "items.parquet")
    assert items.filter(pl.col("source") == "big").height == ITEMS
    code, _, err = sracl("neighbors", config, "--show", "nobody")
    assert code == 2
    assert "'nobody' is neither an item nor a user" in err


def test_exported_answers_are_imported_once_and_a_changed_file_not_at_all(folder) -> None:
    with chat_server(script) as server:
        config = configured(folder, server.base_url)
        assert sracl("describe", config)[0] == 0
    count = len(server.bodies)
    assert f"{count} answers" in sracl("answers", "export", config, folder / "a.parquet")[1]
    store = f"semantics.writer.store={folder / 'other.sqlite'}"
    assert f"{count} new answers" in sracl("answers", "import", config, folder / "a.parquet", "-o", store)[1]
    assert "0 new answers" in sracl("answers", "import", config, folder / "a.parquet", "-o", store)[1]
    changed = pl.read_parquet(folder / "a.parquet").with_columns(model=pl.lit("another"))
    changed.write_parquet(folder / "changed.parquet")
    code, _, err = sracl("answers", "import", config, folder / "changed.parquet", "-o", store)
    assert code == 2
    assert "nothing was imported" in err
    with AnswerStore(folder / "other.sqlite") as other:
        assert sum(total.answers for total in other.totals()) == count


def test_a_template_writer_has_no_batches(folder) -> None:
    config = configured(folder, "http://127.0.0.1:9/v1")
    code, _, err = sracl("answers", "write-batches", config, folder / "r", "-o", "semantics.writer={kind: template}")
    assert code == 2
    assert "asks no language model" in err
