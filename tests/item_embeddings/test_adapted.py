"""Frozen texts through a learned adapter."""

import numpy as np
import pytest
import torch

from item_embeddings.contract import ITEMS, LENGTH, ItemVectorsContract
from reference.layers import gelu, linear
from sracl.config import BackboneConfig, ItemEmbeddingConfig
from sracl.item_embeddings.adapted import adapted_texts
from sracl.item_embeddings.texts import frozen_texts
from sracl.training.assembly import make_backbone
from support.texts import texts_of_kinds


class TestTextAdapted(ItemVectorsContract):
    kind = ItemEmbeddingConfig(kind="text-adapted")


class TestTextAdaptedLinearWhitened(ItemVectorsContract):
    kind = ItemEmbeddingConfig(kind="text-adapted", adapter="linear", whitening=True)


def made(adapter: str, texts: np.ndarray, whitening: bool = False):
    torch.manual_seed(0)
    backbone = make_backbone(BackboneConfig(dimension=8), ITEMS, LENGTH)
    return adapted_texts(backbone, texts, adapter, whitening)


@pytest.mark.parametrize("whitening", [False, True])
@pytest.mark.parametrize("adapter", ["linear", "two-linear", "mlp"])
def test_vectors_are_those_of_the_plain_formulas(adapter: str, whitening: bool) -> None:
    texts = texts_of_kinds(ITEMS)
    vectors = made(adapter, texts, whitening)
    for parameter in vectors.parameters():
        torch.nn.init.normal_(parameter)
    layers = list(vectors.adapter)
    for item in range(ITEMS):
        expected = torch.from_numpy(frozen_texts(texts, whitening)[item])
        expected = linear(layers[0], expected)
        if adapter == "mlp":
            expected = gelu(expected)
        if adapter != "linear":
            expected = linear(layers[-1], expected)
        torch.testing.assert_close(vectors(torch.tensor(item)), expected, rtol=1e-4, atol=1e-4)
    assert sum(hasattr(layer, "weight") for layer in layers) == (1 if adapter == "linear" else 2)


def test_vectors_begin_about_zero_and_items_without_text_share_one() -> None:
    texts = texts_of_kinds(ITEMS)
    texts[[2, 9]] = 0
    vectors = made("mlp", texts).weight[:ITEMS]
    torch.testing.assert_close(vectors.mean(dim=0), torch.zeros(8), atol=1e-6, rtol=0)
    torch.testing.assert_close(vectors[2], vectors[9])
    assert not torch.isclose(vectors[2], vectors[3]).any()
