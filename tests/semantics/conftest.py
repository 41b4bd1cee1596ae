"""The real encoder, loaded once."""

import pytest

from sracl.semantics.encoders import Encoder, minilm_encoder


@pytest.fixture(scope="session")
def minilm() -> Encoder:
    return minilm_encoder(8)
