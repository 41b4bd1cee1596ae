"""Answers travel: what is exported comes back as it was, and a file that was changed is refused as a whole."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sracl.errors import InputError, SraclError
from sracl.semantics.language_models import exchange
from sracl.semantics.language_models.exchange import export_answers, import_answers
from sracl.semantics.language_models.records import Record, as_json, read_request
from sracl.semantics.language_models.request import Answer, Message, Request
from sracl.semantics.language_models.store import AnswerStore

texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)
values = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts
parameters = st.dictionaries(texts, values | st.lists(values, max_size=3), max_size=3)
messages = st.lists(st.tuples(texts, texts), max_size=3)
counts = st.integers(0, 2**40)


def request_of(model: str, messages: list[tuple[str, str]], parameters: dict[str, object]) -> Request:
    return Request(model, tuple(Message(role, content) for role, content in messages), parameters)


def numbered(number: int) -> tuple[Request, Answer]:
    request = Request("m", (Message("user", f"question {number}"),), {"temperature": 0})
    return request, Answer(f"answer {number}", "stop", number, 7)


def exported(folder: Path, count: int = 3) -> Path:
    path = folder / "answers.parquet"
    with AnswerStore(folder / "exported.sqlite") as store:
        store.put_many(numbered(number) for number in range(count))
        assert export_answers(store, path) == count
    return path


def all_records(store: AnswerStore) -> list[Record]:
    return [record for block in store.records() for record in block]


@pytest.fixture
def store(tmp_path):
    with AnswerStore(tmp_path / "answers.sqlite") as opened:
        yield opened


@settings(deadline=None)
@given(texts, messages, parameters)
def test_a_request_written_as_json_is_read_as_the_same(model, messages, parameters) -> None:
    request = request_of(model, messages, parameters)
    assert read_request(as_json(request)).key == request.key


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.tuples(texts, messages, parameters), st.tuples(texts, texts, counts, counts)), max_size=4))
def test_what_is_exported_is_imported_to_the_letter(tmp_path_factory, drawn) -> None:
    pairs = [(request_of(*asked), Answer(*said)) for asked, said in drawn]
    folder = tmp_path_factory.mktemp("exchange")
    with AnswerStore(folder / "one.sqlite") as one, AnswerStore(folder / "two.sqlite") as two:
        one.put_many(pairs)
        different = len({request.key for request, _ in pairs})
        assert export_answers(one, folder / "answers.parquet") == different
        assert import_answers(folder / "answers.parquet", two) == different
        assert all_records(one) == all_records(two)
        assert import_answers(folder / "answers.parquet", two) == 0, "a second time nothing is new"


def test_answers_are_carried_in_blocks(tmp_path, store, monkeypatch) -> None:
    monkeypatch.setattr(exchange, "BLOCK", 4)
    assert import_answers(exported(tmp_path, 10), store) == 10
    assert store.get_many([numbered(n)[0].key for n in range(10)]) == {
        numbered(n)[0].key: numbered(n)[1] for n in range(10)
    }


def test_only_new_answers_count_and_known_ones_stay(tmp_path, store) -> None:
    request, _ = numbered(1)
    store.put(request, Answer("mine", "stop", 1, 1))
    assert import_answers(exported(tmp_path), store) == 2
    assert store.get(request.key) == Answer("mine", "stop", 1, 1)


def test_an_imported_answer_ends_a_failure(tmp_path, store) -> None:
    store.fail(numbered(0)[0], "the answer is empty", "")
    import_answers(exported(tmp_path), store)
    assert store.failures().is_empty()


def test_a_table_that_another_program_wrote_again_is_taken(tmp_path, store) -> None:
    path = exported(tmp_path)
    pl.read_parquet(path).with_columns(pl.col("prompt_tokens").cast(pl.Int32), note=pl.lit(1)).write_parquet(path)
    assert import_answers(path, store) == 3
    assert store.get(numbered(2)[0].key) == numbered(2)[1]


last = pl.int_range(pl.len()) == pl.len() - 1
CHANGES = {
    "key": pl.when(last).then(pl.lit("0" * 64)).otherwise("key"),
    "model": pl.when(last).then(pl.lit("other")).otherwise("model"),
    "request": pl.col("request").str.replace("question 1", "question one"),
}


@pytest.mark.parametrize("column", CHANGES)
def test_a_key_that_is_not_its_requests_is_refused_and_nothing_imported(tmp_path, store, monkeypatch, column) -> None:
    monkeypatch.setattr(exchange, "BLOCK", 2)
    path = exported(tmp_path)
    pl.read_parquet(path).with_columns(CHANGES[column].alias(column)).write_parquet(path)
    with pytest.raises(InputError, match=r"answers\.parquet, row \d: the key or model is not the request's"):
        import_answers(path, store)
    assert all_records(store) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (pl.col("prompt_tokens").cast(pl.String), "the column prompt_tokens holds .*string.*, not int64"),
        (pl.col("prompt_tokens").cast(pl.UInt64), "the column prompt_tokens holds uint64, not int64"),
        (pl.col("text").cast(pl.Binary), "the column text holds .*binary, not string"),
        (pl.lit(None, pl.String).alias("text"), "row 1: text is left out"),
        (-pl.col("completion_tokens"), "row 1: a count of tokens is negative"),
        (pl.lit("{").alias("request"), "row 1: the request cannot be read: it is no JSON"),
        (pl.lit("[" * 100_000).alias("request"), "row 1: the request cannot be read: it is no JSON"),
        (pl.lit("[]").alias("request"), "row 1: the request cannot be read: it is not of the form"),
        (
            pl.lit('{"model": "m", "messages": [{"role": "user"}], "parameters": {}}').alias("request"),
            "row 1: the request cannot be read: a message is not of the form",
        ),
        (
            pl.lit('{"model": "\\ud800", "messages": [], "parameters": {}}').alias("request"),
            "row 1: the request cannot be read",
        ),
    ],
)
def test_a_column_or_value_of_another_kind_is_named_and_nothing_imported(tmp_path, store, change, message) -> None:
    path = exported(tmp_path)
    pl.read_parquet(path).with_columns(change).write_parquet(path)
    with pytest.raises(InputError, match=message):
        import_answers(path, store)
    assert all_records(store) == []


def test_the_row_that_is_wrong_is_named_by_its_number_in_the_file(tmp_path, store, monkeypatch) -> None:
    monkeypatch.setattr(exchange, "BLOCK", 2)
    path = exported(tmp_path, 8)
    wrong = pl.when(pl.int_range(pl.len()) == 5).then(pl.lit("other")).otherwise("model").alias("model")
    pl.read_parquet(path).with_columns(wrong).write_parquet(path)
    with pytest.raises(InputError, match=r"answers\.parquet, row 6: the key or model"):
        import_answers(path, store)


def test_missing_columns_are_named(tmp_path, store) -> None:
    path = exported(tmp_path)
    pl.read_parquet(path).drop("key", "time").write_parquet(path)
    with pytest.raises(InputError, match=r"answers\.parquet lacks the columns key, time"):
        import_answers(path, store)


@pytest.mark.parametrize("damage", ["missing", "no parquet", "cut", "overwritten"])
def test_a_missing_or_damaged_file_is_named_and_nothing_imported(tmp_path, store, damage: str) -> None:
    path = exported(tmp_path, 500)
    content = path.read_bytes()
    match damage:
        case "missing":
            path.unlink()
        case "no parquet":
            path.write_text("key,request\n")
        case "cut":
            path.write_bytes(content[: len(content) // 2])
        case "overwritten":
            path.write_bytes(content[:200] + b"\xff" * 5_000 + content[5_200:])
    with pytest.raises(InputError, match=r"answers\.parquet is missing or no whole Parquet file"):
        import_answers(path, store)
    assert all_records(store) == []


def test_an_export_that_cannot_be_written_is_named(tmp_path, store) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SraclError, match=r"answers\.parquet cannot be written"):
        export_answers(store, tmp_path / "file" / "answers.parquet")
