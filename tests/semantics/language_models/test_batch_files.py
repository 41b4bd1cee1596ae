"""Batch files: every request once in a file within the limits, and every answer line where it belongs."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sracl.errors import InputError, SraclError
from sracl.semantics.language_models.batch_files import BatchCounts, read_batch_answers, write_batches
from sracl.semantics.language_models.request import Answer, Message, Request
from sracl.semantics.language_models.store import AnswerStore

texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=60)


def request(text: str, model: str = "m") -> Request:
    return Request(model, (Message("user", text),), {"temperature": 0, "max_tokens": 9})


def usable(request: Request, answer: Answer) -> str | None:
    return None if answer.text.strip() else "the answer is empty"


def completion(text: str | None, **more: Any) -> dict[str, Any]:
    """A chat completion, with usage, as providers send it."""
    message = {"role": "assistant", "content": text, "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    usage = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
    return {"id": "c-1", "object": "chat.completion", "model": "m-2025", "choices": [choice], "usage": usage} | more


def line(key: str, body: Any, status: int = 200) -> str:
    response = {"status_code": status, "request_id": "r-1", "body": body}
    return json.dumps({"id": "b-1", "custom_id": key, "response": response, "error": None})


def read(folder: Path, lines: list[str | bytes], *asked: Request) -> tuple[BatchCounts, AnswerStore]:
    path = folder / "output.jsonl"
    path.write_bytes(b"\n".join(one.encode() if isinstance(one, str) else one for one in lines))
    store = AnswerStore(folder / "answers.sqlite")
    return read_batch_answers(path, {one.key: one for one in asked}, store, usable), store


def written(paths: list[Path]) -> list[dict[str, Any]]:
    return [json.loads(one) for path in paths for one in path.read_bytes().split(b"\n") if one]


def test_a_line_is_what_the_client_would_send_under_the_requests_key(tmp_path) -> None:
    (path,) = write_batches([request("rose")], tmp_path / "batch")
    assert path == tmp_path / "batch" / "batch-0001.jsonl"
    body = {"model": "m", "messages": [{"role": "user", "content": "rose"}], "temperature": 0, "max_tokens": 9}
    expected = {"custom_id": request("rose").key, "method": "POST", "url": "/v1/chat/completions", "body": body}
    assert path.read_text() == json.dumps(expected) + "\n"


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(texts, st.sampled_from("ab")), max_size=20), st.integers(1, 5), st.integers(1_200, 3_000))
def test_every_request_is_written_once_and_limits_and_models_are_kept(
    tmp_path_factory, asked, most, most_bytes
) -> None:
    """Whatever the texts: control characters, line separators, emoji, right-to-left text."""
    requests = [request(text, model) for text, model in asked]
    paths = write_batches(requests, tmp_path_factory.mktemp("files") / "batch", most, most_bytes)
    assert sorted(one["custom_id"] for one in written(paths)) == sorted({one.key for one in requests})
    contents = {one["custom_id"]: one["body"]["messages"] for one in written(paths)}
    assert all(contents[one.key] == one.as_messages() for one in requests)
    for path in paths:
        lines = path.read_text(encoding="utf-8").splitlines()
        assert 1 <= len(lines) <= most
        assert path.stat().st_size <= most_bytes
        assert len({json.loads(one)["body"]["model"] for one in lines}) == 1


def test_files_are_filled_before_the_next_is_begun(tmp_path) -> None:
    paths = write_batches((request(str(number)) for number in range(7)), tmp_path / "batch", max_requests=3)
    assert [len(written([path])) for path in paths] == [3, 3, 1]
    assert sorted((tmp_path / "batch").iterdir()) == paths


def test_a_file_may_be_as_long_as_the_limit_and_no_longer(tmp_path) -> None:
    asked = [request(str(number)) for number in range(6)]
    (whole,) = write_batches(asked[:3], tmp_path / "three")
    paths = write_batches(asked, tmp_path / "batch", max_bytes=whole.stat().st_size)
    assert [len(written([path])) for path in paths] == [3, 3]
    paths = write_batches(asked, tmp_path / "shorter", max_bytes=whole.stat().st_size - 1)
    assert [len(written([path])) for path in paths] == [2, 2, 2]


def test_a_request_beyond_the_limit_is_named_and_nothing_left(tmp_path) -> None:
    long = request("x" * 1_000)
    with pytest.raises(InputError, match=f"{long.key} has 1[0-9]{{3}} bytes, more than max_bytes = 500"):
        write_batches([request("short"), long], tmp_path / "batch", max_bytes=500)
    assert list(tmp_path.iterdir()) == []


def test_files_of_an_earlier_call_are_never_mixed_with_new_ones(tmp_path) -> None:
    write_batches([request("a")], tmp_path / "batch")
    with pytest.raises(InputError, match="holds something already"):
        write_batches([request("b")], tmp_path / "batch")
    assert written([tmp_path / "batch" / "batch-0001.jsonl"])[0]["custom_id"] == request("a").key


def test_a_folder_that_cannot_be_made_is_named(tmp_path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SraclError, match="cannot be written"):
        write_batches([request("a")], tmp_path / "file" / "batch")


@settings(max_examples=20, deadline=None)
@given(st.dictionaries(texts, texts, max_size=6), st.randoms())
def test_usable_answers_are_stored_in_whatever_order_they_come(tmp_path_factory, said, random) -> None:
    lines = [line(request(question).key, completion(text)) for question, text in said.items()]
    random.shuffle(lines)
    counts, store = read(tmp_path_factory.mktemp("answers"), lines, *(request(question) for question in said))
    with store:
        good = {request(question).key: text for question, text in said.items() if text.strip()}
        found = store.get_many([request(question).key for question in said])
        assert {key: answer.text for key, answer in found.items()} == good
        assert (counts.stored, counts.failed, counts.unknown) == (len(good), len(said) - len(good), 0)
        assert counts.damaged == {}


def test_tokens_and_the_reason_to_finish_are_kept_and_may_be_missing(tmp_path) -> None:
    bare = {"choices": [{"message": {"content": "fine"}}]}
    lines = [line(request("a").key, completion("fine")), line(request("b").key, bare)]
    _, store = read(tmp_path, lines, request("a"), request("b"))
    with store:
        assert store.get(request("a").key) == Answer("fine", "stop", 11, 7)
        assert store.get(request("b").key) == Answer("fine", "stop", 0, 0)


def test_errors_and_unusable_answers_are_failures_with_their_reason(tmp_path) -> None:
    asked = [request(text) for text in "abcd"]
    expired = {"code": "batch_expired", "message": "This request could not be executed\nbefore it expired."}
    lines = [
        line(asked[0].key, {"error": {"message": "too long", "type": "invalid_request_error"}}, status=400),
        json.dumps({"custom_id": asked[1].key, "response": None, "error": expired}),
        line(asked[2].key, completion(None)),
        json.dumps({"custom_id": asked[3].key, "response": None, "error": {"code": "batch_cancelled"}}),
    ]
    counts, store = read(tmp_path, lines, *asked)
    with store:
        assert (counts.stored, counts.failed) == (0, 4)
        reasons = {row["key"]: row["reason"] for row in store.failures().to_dicts()}
        assert reasons == {
            asked[0].key: "the batch answers 400: too long",
            asked[1].key: "the batch gives no answer: This request could not be executed before it expired.",
            asked[2].key: "the answer is empty",
            asked[3].key: "the batch gives no answer: batch_cancelled",
        }


def test_answers_to_what_was_not_asked_are_counted_and_not_stored(tmp_path) -> None:
    counts, store = read(tmp_path, [line("0" * 64, completion("fine"))], request("a"))
    with store:
        assert (counts.unknown, counts.stored) == (1, 0)
        assert store.totals() == []


def test_damaged_lines_are_named_by_number_and_the_others_read(tmp_path) -> None:
    good = line(request("a").key, completion("fine"))
    lines: list[str | bytes] = [
        "\ufeff" + line(request("b").key, completion("fine")),
        good[: len(good) // 2],
        b"\xff\xfe" + good.encode(),
        "",
        "[" * 100_000,
        json.dumps({"custom_id": request("a").key, "response": None, "error": None}),
        line(request("a").key, {"choices": []}),
        line(request("a").key, completion("fine") | {"choices": [{"message": {"content": ["fine"]}}]}),
        "3",
        good + "\r",
    ]
    counts, store = read(tmp_path, lines, request("a"), request("b"))
    with store:
        assert sorted(counts.damaged) == [2, 3, 5, 6, 7, 8, 9]
        assert counts.damaged[7] == "its response lacks the fields of a chat completion"
        assert (counts.stored, counts.failed) == (2, 0)
        assert store.answered([request("a").key, request("b").key]) == {request("a").key, request("b").key}


def test_half_a_character_in_an_answer_or_an_error_becomes_a_question_mark(tmp_path) -> None:
    refused = line(request("b").key, {"error": {"message": "no \ud83d"}}, status=400)
    lines = [line(request("a").key, completion("a\ud83d")), refused]
    _, store = read(tmp_path, lines, request("a"), request("b"))
    with store:
        assert store.get(request("a").key).text == "a?"
        assert store.failures()["reason"].to_list() == ["the batch answers 400: no ?"]


def test_reading_a_file_twice_or_an_error_after_an_answer_changes_no_answer(tmp_path) -> None:
    lines = [line(request("a").key, completion("first")), line(request("a").key, {"error": {}}, status=500)]
    read(tmp_path, lines, request("a"))[1].close()
    _, store = read(tmp_path, [line(request("a").key, completion("second")), *lines], request("a"))
    with store:
        assert store.get(request("a").key).text == "first"
        assert store.failures().is_empty()


def test_a_missing_file_is_named(tmp_path) -> None:
    with (
        AnswerStore(tmp_path / "answers.sqlite") as store,
        pytest.raises(InputError, match=r"gone\.jsonl cannot be read"),
    ):
        read_batch_answers(tmp_path / "gone.jsonl", {}, store, usable)
