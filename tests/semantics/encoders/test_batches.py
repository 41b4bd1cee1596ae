"""Texts of like length share a batch: little is padded."""

import numpy as np
import pytest
import torch

from semantics.encoders.test_pooler import save_roberta
from sracl.semantics.encoders import PoolerEncoder, SentenceTransformerEncoder, minilm_encoder

TEXTS = ["rose " * int(words) for words in np.random.default_rng(0).integers(1, 18, 64)]


def padded_share(encoder: PoolerEncoder | SentenceTransformerEncoder) -> float:
    """Share of the positions that the transformer reads and that hold no token, over one call of `encode`."""
    read = tokens = 0

    def watch(module: torch.nn.Module, arguments: tuple, named: dict) -> None:
        nonlocal read, tokens
        mask = (named or arguments[0])["attention_mask"]
        read, tokens = read + mask.numel(), tokens + int(mask.sum())

    handle = encoder._model.register_forward_pre_hook(watch, with_kwargs=True)
    encoder.encode(TEXTS)
    handle.remove()
    return 1 - tokens / read


@pytest.mark.parametrize("kind", ["sentence-transformers", "pooler"])
def test_a_batch_holds_texts_of_like_length(tmp_path, kind: str) -> None:
    pooler = kind == "pooler"
    encoder = PoolerEncoder(str(save_roberta(tmp_path / "roberta")), 8) if pooler else minilm_encoder(8)
    assert padded_share(encoder) < 0.1, "in the order of the texts it is two fifths"
