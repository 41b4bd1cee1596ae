"""Embeddings of a real small language model, served on loopback."""

import numpy as np
import pytest

from semantics.encoders.contract import EncoderContract
from sracl.config import EncoderConfig
from sracl.errors import InputError, SraclError
from sracl.semantics.encoders import Encoder, LocalEncoder, make_encoder
from sracl.semantics.encoders.local_model import LONGEST


@pytest.fixture(scope="module")
def smollm2() -> LocalEncoder:
    try:
        return LocalEncoder()
    except SraclError as error:
        pytest.skip(str(error))


class TestLocal(EncoderContract):
    @pytest.fixture
    def encoder(self, smollm2: LocalEncoder) -> Encoder:
        return smollm2


def test_a_text_is_read_up_to_its_limit_whatever_its_characters(smollm2: LocalEncoder) -> None:
    beginning = "🌹" * (LONGEST // 4)
    vectors = smollm2.encode([beginning, beginning + "rest", beginning[:-1] + "é" + "rest" * 5000])
    assert np.isfinite(vectors).all()
    assert vectors[0] @ vectors[1] > 0.999


def test_like_texts_are_nearer_than_unlike_ones(smollm2: LocalEncoder) -> None:
    red, again, charger = smollm2.encode(
        ["a red lipstick with shine", "a red lipstick with gloss", "a battery charger"]
    )
    assert red @ again > red @ charger


def test_a_file_that_is_no_model_is_refused(tmp_path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"nothing")
    with pytest.raises(InputError, match="no GGUF file"):
        make_encoder(EncoderConfig(kind="local", model=str(path)))
