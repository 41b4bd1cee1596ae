"""Answers become texts by stated rules, or a reason why not."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sracl.semantics.language_models.request import Answer
from sracl.semantics.writers.answers import UnusableError, item_schema, read_item, read_profile, usable


def answer(text: str, finish_reason: str = "stop") -> Answer:
    return Answer(text, finish_reason, 10, 10)


def item(text: str, finish_reason: str = "stop") -> str:
    return read_item(answer(text, finish_reason), 8, 5)


GOOD = '{"item summary": "A mild soap.", "potential user analysis": "Families with children."}'


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"```json\n{GOOD}\n```",
        f"Here is the JSON:\n{GOOD}\nI hope this helps!",
        '{"Item_Summary": "A mild soap.", "potentialUserAnalysis": "Families with children."}',
        "{'item summary': 'A mild soap.', 'potential user analysis': 'Families with children.',}",
        '{"item summary": "A mild soap.", "potential user analysis": "Families with children."',
        '{"item summary": "A mild\\u001b\\u202e soap.", "potential user analysis": "Families with children."}',
        '{"item summary": "A mild\\n soap.", "potential user analysis": "Families with children.", "more": 1}',
    ],
)
def test_json_is_found_and_repaired(text: str) -> None:
    assert item(text) == "A mild soap. Families with children."


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the answer is empty"),
        ("  \n", "the answer is empty"),
        ("A mild soap.", "the answer is no JSON"),
        ("I'm sorry, but I can't help with that.", "the answer is a refusal"),
        ("[1, 2]", "the answer is no JSON"),
        ('{"summary": "x"}', 'the JSON has no field "item summary"'),
        ('{"item summary": "x"}', 'the JSON has no field "potential user analysis"'),
        ('{"item summary": 3, "potential user analysis": "x"}', 'the field "item summary" is no text'),
        ('{"item summary": null, "potential user analysis": "x"}', 'no field "item summary"'),
        ('{"item summary": " ... ", "potential user analysis": "x"}', 'the field "item summary" is empty'),
        ('{"item summary": "As an AI I cannot", "potential user analysis": "x"}', "is a refusal"),
        (json.dumps({"item summary": "word " * 10_000, "potential user analysis": "x"}), "has 10000 words"),
    ],
)
def test_what_says_nothing_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(UnusableError, match=reason):
        item(text)
    assert reason in usable(item_reader, answer(text))


def item_reader(given: Answer) -> str:
    return read_item(given, 8, 5)


def test_a_good_answer_is_usable() -> None:
    assert usable(item_reader, answer(GOOD)) is None


def test_a_little_too_long_is_cut_at_the_end_of_a_sentence() -> None:
    assert read_profile(answer("One two three. Four five six. Seven eight."), 7) == "One two three. Four five six."
    assert read_profile(answer("one two three four five six"), 4) == "one two three four"


def test_an_answer_that_was_cut_off_keeps_its_whole_sentences() -> None:
    assert read_profile(answer("Likes soap. Wants a new raz", "length"), 100) == "Likes soap."
    with pytest.raises(UnusableError, match="cut off"):
        read_profile(answer("Likes soap and wants a new raz", "length"), 100)


@given(st.text(max_size=200), st.sampled_from(["stop", "length"]))
def test_whatever_is_answered_gives_a_text_within_the_limit_or_a_reason(text: str, finish_reason: str) -> None:
    for read, limit in ((lambda a: read_profile(a, 5), 5), (item_reader, 13)):
        given_answer = answer(text, finish_reason)
        reason = usable(read, given_answer)
        if reason is None:
            words = read(given_answer).split(" ")
            assert 1 <= len(words) <= limit
        else:
            assert reason


def test_the_schema_asks_for_both_fields_and_no_other() -> None:
    schema = item_schema(80, 50)["json_schema"]["schema"]
    assert set(schema["required"]) == set(schema["properties"]) == {"item summary", "potential user analysis"}
    assert schema["additionalProperties"] is False
    assert not any("maxLength" in field for field in schema["properties"].values()), "some providers refuse it"
    json.dumps(schema)


def test_a_bounded_schema_has_room_for_the_words_asked_for_and_ends_before_too_many() -> None:
    fields = item_schema(80, 50, bounded=True)["json_schema"]["schema"]["properties"]
    for (key, field), words in zip(fields.items(), (80, 50), strict=True):
        sentence = "Mild rosewater shampoo. "  # some eight characters a word
        longest = (sentence * words)[: field["maxLength"]]
        texts = {"item summary": "Mild.", "potential user analysis": "All."} | {key: longest}
        assert len(longest.split()) >= words * 0.9
        assert read_item(answer(json.dumps(texts), "stop"), 80, 50)
