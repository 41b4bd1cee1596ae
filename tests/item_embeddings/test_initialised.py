"""A table that begins with the texts' principal components and is then trained like any other."""

import numpy as np
import pytest
import torch

from item_embeddings.contract import ITEMS, LENGTH, ItemVectorsContract
from sracl.config import BackboneConfig, ItemEmbeddingConfig
from sracl.item_embeddings import with_item_vectors
from sracl.item_embeddings.texts import principal_components
from sracl.training.assembly import make_backbone
from support.texts import texts_of_kinds


class TestTextInitialised(ItemVectorsContract):
    kind = ItemEmbeddingConfig(kind="text-initialised")
    knows_new_items = False


def fresh(dimension: int = 8):
    torch.manual_seed(1)
    return make_backbone(BackboneConfig(dimension=dimension), ITEMS, LENGTH)


@pytest.mark.parametrize("whitening", [False, True])
def test_the_table_holds_the_scaled_components_and_is_trained(whitening: bool) -> None:
    texts = texts_of_kinds(ITEMS)
    settings = ItemEmbeddingConfig(kind="text-initialised", whitening=whitening)
    table = with_item_vectors(fresh(), settings, texts).item_embedding.weight
    expected = principal_components(texts, 8, whitening)
    ratio = table[:ITEMS].detach().numpy() / expected
    np.testing.assert_allclose(ratio, ratio[0, 0], rtol=1e-3)
    assert table.requires_grad
    assert not table[ITEMS].any()


def test_items_without_text_and_columns_beyond_the_texts_keep_their_random_values() -> None:
    texts = texts_of_kinds(ITEMS, dimension=5)
    texts[4] = 0
    own = fresh().item_embedding.weight.detach().clone()
    table = with_item_vectors(fresh(), ItemEmbeddingConfig(kind="text-initialised"), texts).item_embedding.weight
    assert torch.equal(table[4], own[4])
    assert torch.equal(table[:, 5:], own[:, 5:])
    assert not torch.isclose(table[:4, :5], own[:4, :5]).any()


def test_everything_but_the_table_begins_as_without_texts() -> None:
    made = with_item_vectors(fresh(), ItemEmbeddingConfig(kind="text-initialised"), texts_of_kinds(ITEMS))
    for (name, one), other in zip(made.named_parameters(), fresh().parameters(), strict=True):
        assert torch.equal(one, other) == (name != "item_embedding.weight"), name
