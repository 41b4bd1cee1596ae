"""What every encoder must do, whatever is behind it."""

import numpy as np

from sracl.semantics.encoders import Encoder

TEXTS = [
    "a red lipstick",
    "razor",
    "a much longer text about a shampoo with roses, for dry hair",
    "\u0644\u0648\u0646 🌹",
]


class EncoderContract:
    """Tests of an `encoder` fixture."""

    def test_one_finite_vector_a_text_of_one_length(self, encoder: Encoder) -> None:
        told: list[int] = []
        vectors = encoder.encode(TEXTS, told.append)
        assert vectors.dtype == np.float32
        assert vectors.shape == (len(TEXTS), vectors.shape[1])
        assert np.isfinite(vectors).all()
        assert sum(told) == len(TEXTS)

    def test_a_text_has_the_same_vector_whatever_stands_beside_it(self, encoder: Encoder) -> None:
        together = encoder.encode(TEXTS)
        alone = np.concatenate([encoder.encode([text]) for text in TEXTS])
        np.testing.assert_allclose(together, alone, atol=2e-5)
        np.testing.assert_allclose(encoder.encode(TEXTS[::-1])[::-1], together, atol=2e-5)

    def test_different_texts_have_different_vectors(self, encoder: Encoder) -> None:
        vectors = encoder.encode(TEXTS)
        assert len(np.unique(vectors.round(5), axis=0)) == len(TEXTS)

    def test_it_has_a_name(self, encoder: Encoder) -> None:
        assert encoder.name
