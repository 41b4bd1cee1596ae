"""From the configuration to an encoder, or to its name alone."""

from pathlib import Path

from sracl.config import EncoderConfig
from sracl.semantics.devices import gpu_or_processor
from sracl.semantics.encoders.base import Encoder
from sracl.semantics.encoders.local_model import LocalEncoder, local_name
from sracl.semantics.encoders.openai_endpoint import OpenAIEncoder
from sracl.semantics.encoders.pooler import PoolerEncoder, pooler_name
from sracl.semantics.encoders.precision import dtype_of, with_precision
from sracl.semantics.encoders.sentence_transformer import MINILM, SentenceTransformerEncoder, minilm_encoder
from sracl.semantics.encoders.spending import Spending
from sracl.semantics.language_models.client import Endpoint


def make_encoder(config: EncoderConfig, spending: Spending | None = None) -> Encoder:
    """The encoder that `config.kind` names. spending: of `openai`, where it is kept; None keeps it in the encoder."""
    if config.kind == "minilm":
        return minilm_encoder(config.batch_size, config.precision)
    if config.kind == "local":
        return LocalEncoder(Path(config.model) if config.model else None, config.batch_size)
    assert config.model is not None
    match config.kind:
        case "sentence-transformers":
            return SentenceTransformerEncoder(config.model, config.model, config.batch_size, config.precision)
        case "pooler":
            return PoolerEncoder(config.model, config.batch_size, config.precision)
        case "openai":
            endpoint = Endpoint(config.base_url, config.api_key_env, config.timeout)
            return OpenAIEncoder(config.model, endpoint, config.batch_size, spending or Spending(config))


def encoder_name(config: EncoderConfig) -> str:
    """The name of the encoder that `make_encoder` makes, without making it."""
    if config.kind == "local":
        return local_name(Path(config.model) if config.model else None)
    if config.kind == "openai":
        return str(config.model)
    plain = {"minilm": MINILM, "pooler": pooler_name(str(config.model))}.get(config.kind, str(config.model))
    return with_precision(plain, dtype_of(config.precision, gpu_or_processor()))
