"""Who embeds texts. A new encoder is a file here and a line in `make_encoder`."""

from sracl.config import EncoderConfig
from sracl.semantics.encoders.base import Encoder
from sracl.semantics.encoders.sentence_transformer import SentenceTransformerEncoder, minilm_encoder


def make_encoder(config: EncoderConfig) -> Encoder:
    """The encoder that `config.kind` names."""
    match config.kind:
        case "minilm":
            return minilm_encoder(config.batch_size)
        case "sentence-transformers":
            assert config.model is not None
            return SentenceTransformerEncoder(config.model, config.model, config.batch_size)


__all__ = ["Encoder", "SentenceTransformerEncoder", "make_encoder", "minilm_encoder"]
