"""The default encoder keeps the contract."""

import pytest

from semantics.encoders.contract import EncoderContract
from sracl.errors import SraclError
from sracl.semantics.encoders import Encoder, SentenceTransformerEncoder


class TestMiniLM(EncoderContract):
    @pytest.fixture
    def encoder(self, minilm) -> Encoder:
        return minilm


def test_a_model_that_is_not_there_says_so(tmp_path) -> None:
    with pytest.raises(SraclError, match="cannot be loaded"):
        SentenceTransformerEncoder("gone", str(tmp_path / "gone"))
