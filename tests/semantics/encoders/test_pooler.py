"""The pooler of a random small RoBERTa, of SimCSE's architecture, built here."""

import numpy as np
import pytest
import torch

from semantics.encoders.contract import TEXTS, EncoderContract
from sracl.config import EncoderConfig
from sracl.errors import SraclError
from sracl.semantics.encoders import Encoder, PoolerEncoder, make_encoder


def save_roberta(folder, pooler: bool = True):
    """A RoBERTa of 2 layers with a byte-level vocabulary, as its authors' files lie."""
    from tokenizers import ByteLevelBPETokenizer
    from transformers import RobertaConfig, RobertaModel, RobertaTokenizerFast

    trained = ByteLevelBPETokenizer()
    trained.train_from_iterator(TEXTS, vocab_size=300, special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    folder.mkdir()
    trained.save_model(str(folder))
    tokenizer = RobertaTokenizerFast.from_pretrained(str(folder), model_max_length=24)
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = RobertaConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=32,
        initializer_range=0.5,
    )
    RobertaModel(config, add_pooling_layer=pooler).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_roberta(tmp_path_factory.mktemp("models") / "roberta")


class TestPooler(EncoderContract):
    @pytest.fixture
    def encoder(self, folder) -> Encoder:
        return PoolerEncoder(str(folder), batch_size=2)


def test_the_vector_is_the_poolers_output(folder) -> None:
    from transformers import AutoModel, AutoTokenizer

    words = AutoTokenizer.from_pretrained(folder)(TEXTS[0], return_tensors="pt")
    with torch.inference_mode():
        expected = AutoModel.from_pretrained(folder).eval()(**words).pooler_output[0]
    encoder = make_encoder(EncoderConfig(kind="pooler", model=str(folder)))
    np.testing.assert_allclose(encoder.encode(TEXTS[:1])[0], expected.numpy(), atol=1e-5)


def test_a_long_text_is_cut_rather_than_refused(folder) -> None:
    vectors = PoolerEncoder(str(folder)).encode(["rose " * 500])
    assert np.isfinite(vectors).all()


def test_a_model_without_a_trained_pooler_is_refused(tmp_path) -> None:
    with pytest.raises(SraclError, match="no trained pooler"):
        PoolerEncoder(str(save_roberta(tmp_path / "bare", pooler=False)))


def test_a_folder_without_a_model_is_told(tmp_path) -> None:
    with pytest.raises(SraclError, match="cannot be loaded"):
        PoolerEncoder(str(tmp_path))
