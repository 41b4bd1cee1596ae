"""Who embeds texts. A new encoder is a file here and a line in each function of `making`."""

from sracl.semantics.encoders.base import Encoder
from sracl.semantics.encoders.configured import ConfiguredEncoder
from sracl.semantics.encoders.local_model import LocalEncoder
from sracl.semantics.encoders.making import encoder_name, make_encoder
from sracl.semantics.encoders.openai_endpoint import OpenAIEncoder
from sracl.semantics.encoders.pooler import PoolerEncoder
from sracl.semantics.encoders.sentence_transformer import SentenceTransformerEncoder, minilm_encoder

__all__ = [
    "ConfiguredEncoder",
    "Encoder",
    "LocalEncoder",
    "OpenAIEncoder",
    "PoolerEncoder",
    "SentenceTransformerEncoder",
    "encoder_name",
    "make_encoder",
    "minilm_encoder",
]
