"""The store: what it acknowledged is there after anything, and nothing is claimed twice."""

import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sracl.errors import SraclError
from sracl.semantics.language_models import store as module
from sracl.semantics.language_models.records import Record
from sracl.semantics.language_models.request import Answer, Message, Request
from sracl.semantics.language_models.store import AnswerStore


def request(text: str, model: str = "m") -> Request:
    return Request(model, (Message("user", text),), {"temperature": 0})


def answer(text: str = "yes") -> Answer:
    return Answer(text, "stop", 11, 7)


@pytest.fixture
def store(tmp_path):
    with AnswerStore(tmp_path / "answers.sqlite") as opened:
        yield opened


texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=60)


@settings(max_examples=25, deadline=None)
@given(st.dictionaries(texts, texts, max_size=5))
def test_answers_come_back_as_they_were_in_another_process_too(tmp_path_factory, pairs: dict[str, str]) -> None:
    path = tmp_path_factory.mktemp("store") / "answers.sqlite"
    with AnswerStore(path) as store:
        store.put_many((request(question), answer(text)) for question, text in pairs.items())
    with AnswerStore(path) as store:
        found = store.get_many([request(question).key for question in pairs])
        assert found == {request(question).key: answer(text) for question, text in pairs.items()}


def test_half_a_character_is_stored_as_a_question_mark(store) -> None:
    store.put(request("q"), answer("a\ud800b"))
    assert store.get(request("q").key).text == "a?b"


def test_half_a_character_in_a_reason_is_stored_as_a_question_mark(store) -> None:
    store.fail(request("q"), "it said \udc00", "\udc00")
    assert store.failures().select("reason", "last_answer").row(0) == ("it said ?", "?")


def test_what_was_answered_cannot_fail_any_more(store) -> None:
    """As when another process answers what this one gives up."""
    store.put(request("q"), answer())
    store.fail(request("q"), "the answer is empty", "")
    assert store.failures().is_empty()
    assert store.get(request("q").key) == answer()


def test_records_count_as_new_once_and_keep_their_time(store, tmp_path) -> None:
    store.put_many((request(text), answer(text)) for text in "abc")
    old = [record._replace(time="2025-01-02T03:04:05+00:00") for record in next(store.records())]
    with AnswerStore(tmp_path / "other.sqlite") as other:
        assert other.put_records(old[:2]) == 2
        assert other.put_records(old) == 1
        assert other.put_records([]) == 0
        assert list(other.records()) == [old]


def test_threads_share_a_store(store) -> None:
    def put_and_get(number: int) -> str:
        store.put(request(str(number)), answer(str(number)))
        return store.get(request(str(number)).key).text

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(put_and_get, range(100))) == [str(number) for number in range(100)]
    assert store.totals()[0].answers == 100


def test_a_first_answer_stays(store) -> None:
    store.put(request("q"), answer("first"))
    store.put(request("q"), answer("second"))
    assert store.get(request("q").key).text == "first"


def test_the_key_follows_model_parameters_and_messages() -> None:
    one = Request("m", (Message("user", "a"),), {"temperature": 0, "max_tokens": 5})
    same = Request("m", (Message("user", "a"),), {"max_tokens": 5, "temperature": 0})
    others = [
        Request("n", one.messages, one.parameters),
        Request("m", (Message("system", "a"),), one.parameters),
        Request("m", (Message("user", "b"),), one.parameters),
        Request("m", one.messages, {"temperature": 1, "max_tokens": 5}),
    ]
    assert one.key == same.key
    assert len({other.key for other in others} | {one.key}) == 5


def test_failures_are_no_answers_and_go_when_an_answer_comes(store) -> None:
    store.fail(request("q"), "the answer is empty", "x" * 5_000)
    store.fail(request("q"), "the answer is a refusal", "sorry")
    assert store.answered([request("q").key]) == set()
    (row,) = store.failures().to_dicts()
    assert (row["reason"], row["attempts"], row["last_answer"]) == ("the answer is a refusal", 2, "sorry")
    store.put(request("q"), answer())
    assert store.failures().is_empty()
    assert store.failures().schema["attempts"] == pl.Int64


def test_totals_count_by_model(store) -> None:
    store.put_many([(request("a"), answer()), (request("b"), answer()), (request("c", "n"), answer())])
    store.fail(request("d", "n"), "empty", "")
    found = {totals.model: totals for totals in store.totals()}
    assert (found["m"].answers, found["m"].prompt_tokens, found["m"].completion_tokens) == (2, 22, 14)
    assert (found["n"].answers, found["n"].failures) == (1, 1)


def test_a_claim_is_exclusive_until_it_is_settled_released_or_over(store, monkeypatch) -> None:
    keys = [request(text).key for text in "abc"]
    store.put(request("a"), answer())
    assert store.claim(keys, "one", 60.0) == set(keys[1:])
    assert store.claim(keys, "two", 60.0) == set()
    assert store.claim(keys, "one", 60.0) == set(keys[1:]), "one's own are renewed"
    store.fail(request("b"), "empty", "")
    assert store.claim(keys, "two", 60.0) == {keys[1]}, "what failed may be asked again"
    store.release("one")
    assert store.claim(keys, "two", 60.0) == set(keys[1:])
    now = module.time.time()
    monkeypatch.setattr(module.time, "time", lambda: now + 61)
    assert store.claim(keys, "three", 60.0) == set(keys[1:]), "a dead process's claims end"


def claim_some(path: str, owner: str, queue) -> None:
    with AnswerStore(Path(path)) as store:
        taken: list[str] = []
        for begin in range(0, 400, 7):
            taken += store.claim([request(str(n)).key for n in range(begin, min(400, begin + 20))], owner, 60.0)
        queue.put(set(taken))


def test_two_processes_never_claim_the_same(tmp_path) -> None:
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    path = str(tmp_path / "answers.sqlite")
    processes = [context.Process(target=claim_some, args=(path, name, queue)) for name in ("one", "two")]
    for process in processes:
        process.start()
    taken = [queue.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()
    assert taken[0].isdisjoint(taken[1])
    assert len(taken[0] | taken[1]) == 400


WRITER = """
import sys, pathlib
from sracl.semantics.language_models.request import Answer, Message, Request
from sracl.semantics.language_models.store import AnswerStore
store = AnswerStore(pathlib.Path(sys.argv[1]))
for number in range(100_000):
    store.put(Request("m", (Message("user", str(number)),), {"temperature": 0}), Answer("yes", "stop", 1, 1))
    print(number, flush=True)
"""


def test_what_was_acknowledged_survives_kill_9(tmp_path) -> None:
    path = tmp_path / "answers.sqlite"
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
    acknowledged = [int(process.stdout.readline()) for _ in range(200)]
    os.kill(process.pid, signal.SIGKILL)
    acknowledged += [int(line) for line in process.stdout.read().splitlines() if line.strip()]
    process.wait()
    process.stdout.close()
    with AnswerStore(path) as store:
        assert store.answered([request(str(n)).key for n in acknowledged]) == {
            request(str(n)).key for n in acknowledged
        }


@pytest.mark.parametrize("content", [b"no database at all, only text" * 50, b"SQLite format 3\x00" + b"\x00" * 200])
def test_a_file_that_is_no_store_is_named(tmp_path, content: bytes) -> None:
    path = tmp_path / "answers.sqlite"
    path.write_bytes(content)
    with pytest.raises(SraclError, match=r"answers\.sqlite cannot be used"):
        AnswerStore(path)


def test_a_file_damaged_in_its_middle_is_named(tmp_path) -> None:
    path = tmp_path / "answers.sqlite"
    keys = [request(str(number)).key for number in range(500)]
    with AnswerStore(path) as store:
        store.put_many((request(str(number)), answer("yes" * 100)) for number in range(500))
    content = path.read_bytes()
    path.write_bytes(content[:8_192] + b"\xff" * (len(content) - 8_192))
    with AnswerStore(path) as store, pytest.raises(SraclError, match=r"answers\.sqlite cannot be used .*malformed"):
        store.get_many(keys)


def test_another_programs_database_is_left_alone(tmp_path) -> None:
    path = tmp_path / "runs.sqlite"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE runs (name TEXT)")
    before = path.read_bytes()
    with pytest.raises(SraclError, match=r"runs\.sqlite is another program's database"):
        AnswerStore(path)
    assert path.read_bytes() == before


def test_a_store_that_another_process_holds_is_named(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(module, "BUSY_SECONDS", 0.05)
    with AnswerStore(tmp_path / "answers.sqlite") as store, closing(sqlite3.connect(store.path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(SraclError, match=r"answers\.sqlite cannot be used now \(database is locked\)"):
            store.put(request("q"), answer())
        other.rollback()
        store.put(request("q"), answer())
        assert store.get(request("q").key) == answer()


FORMAT_1 = """
CREATE TABLE answers (key TEXT PRIMARY KEY, model TEXT NOT NULL, request TEXT NOT NULL, text TEXT NOT NULL,
finish_reason TEXT NOT NULL, prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL,
time TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE failures (key TEXT PRIMARY KEY, model TEXT NOT NULL, request TEXT NOT NULL,
reason TEXT NOT NULL, last_answer TEXT NOT NULL, attempts INTEGER NOT NULL, time TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE claims (key TEXT PRIMARY KEY, owner TEXT NOT NULL, until REAL NOT NULL) WITHOUT ROWID;
PRAGMA user_version = 1;
"""


def test_a_store_of_the_first_format_keeps_all_it_holds(tmp_path) -> None:
    path = tmp_path / "answers.sqlite"
    records = [Record.of(request(text), answer(text)) for text in "abc"]
    with closing(sqlite3.connect(path)) as database:
        database.executescript(FORMAT_1)
        database.executemany("INSERT INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?)", records)
        database.execute("INSERT INTO failures VALUES ('k', 'm', '{}', 'empty', '', 3, '2025-01-01T00:00:00+00:00')")
        database.execute("INSERT INTO claims VALUES ('c', 'one', 1e12)")
        database.commit()
    with AnswerStore(path) as store:
        assert sorted(next(store.records())) == sorted(records)
        assert store.failures()["attempts"].to_list() == [3]
        assert store.claim(["c"], "two", 60.0) == set()
        store.put(request("d"), answer("d"))
        assert store.totals()[0].answers == 4


def test_a_newer_format_is_refused_and_an_older_one_brought_up_to_date(tmp_path, monkeypatch) -> None:
    path = tmp_path / "answers.sqlite"
    with AnswerStore(path) as store:
        store.put(request("q"), answer())
    monkeypatch.setattr(module, "MIGRATIONS", (*module.MIGRATIONS, ("CREATE TABLE more (key TEXT)",)))
    with AnswerStore(path) as store:
        assert store.get(request("q").key) == answer()
    database = sqlite3.connect(path)
    assert database.execute("PRAGMA user_version").fetchone() == (len(module.MIGRATIONS),)
    assert database.execute("SELECT count(*) FROM more").fetchone() == (0,)
    database.close()
    monkeypatch.undo()
    with pytest.raises(SraclError, match="newer version of sracl"):
        AnswerStore(path)


def test_all_records_come_in_blocks(store) -> None:
    store.put_many((request(str(number)), answer(str(number))) for number in range(25))
    blocks = list(store.records(block=10))
    assert [len(block) for block in blocks] == [10, 10, 5]
    assert {record.text for block in blocks for record in block} == {str(number) for number in range(25)}
