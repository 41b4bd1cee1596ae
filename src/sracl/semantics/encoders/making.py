"""From the configuration to an encoder, or to its name alone."""

from pathlib import Path

from sracl.config import EncoderConfig
from sracl.semantics.encoders.base import Encoder
from sracl.semantics.encoders.local_model import LocalEncoder, local_name
from sracl.semantics.encoders.openai_endpoint import OpenAIEncoder
from sracl.semantics.encoders.pooler import PoolerEncoder, pooler_name
from sracl.semantics.encoders.sentence_transformer import MINILM, SentenceTransformerEncoder, minilm_encoder
from sracl.semantics.language_models.client import Endpoint


def make_encoder(config: EncoderConfig) -> Encoder:
    """The encoder that `config.kind` names."""
    if config.kind == "minilm":
        return minilm_encoder(config.batch_size)
    if config.kind == "local":
        return LocalEncoder(Path(config.model) if config.model else None, config.batch_size)
    assert config.model is not None
    match config.kind:
        case "sentence-transformers":
            return SentenceTransformerEncoder(config.model, config.model, config.batch_size)
        case "pooler":
            return PoolerEncoder(config.model, config.batch_size)
        case "openai":
            return OpenAIEncoder(config.model, Endpoint(config.base_url, config.api_key_env), config.batch_size)


def encoder_name(config: EncoderConfig) -> str:
    """The name of the encoder that `make_encoder` makes, without making it."""
    if config.kind == "minilm":
        return MINILM
    if config.kind == "local":
        return local_name(Path(config.model) if config.model else None)
    assert config.model is not None
    return pooler_name(config.model) if config.kind == "pooler" else config.model
