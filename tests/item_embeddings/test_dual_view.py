"""LLM-ESR's two views, against a plain reading of its formulas, prefix by prefix."""

import pytest
import torch
from torch import Tensor

from backbones.contract import ITEMS as CONTRACT_ITEMS
from backbones.contract import LENGTH as CONTRACT_LENGTH
from backbones.contract import WIDTH as CONTRACT_WIDTH
from backbones.contract import BackboneContract
from item_embeddings.contract import ITEMS, LENGTH, ItemVectorsContract
from reference.layers import linear
from sracl.backbones import BACKBONES, HSTU, Backbone, Rows, SASRec
from sracl.config import BackboneConfig, ItemEmbeddingConfig
from sracl.errors import InputError
from sracl.item_embeddings import with_item_vectors
from sracl.item_embeddings.dual_view import DualView, empty_dual_view
from sracl.training.assembly import make_backbone
from support.texts import texts_of_kinds

CROSS = ItemEmbeddingConfig(kind="dual-view")
SIDE_BY_SIDE = ItemEmbeddingConfig(kind="dual-view", fusion="concatenation")


class TestCrossAttention(ItemVectorsContract):
    kind = CROSS


class TestConcatenation(ItemVectorsContract):
    kind = SIDE_BY_SIDE


class TestAsABackbone(BackboneContract):
    """Folded, it is a backbone like any other, of twice the width."""

    def make(self) -> Backbone:
        inner = SASRec(CONTRACT_ITEMS, CONTRACT_WIDTH // 2, CONTRACT_LENGTH, layers=1, heads=2, dropout=0.1)
        return empty_dual_view(inner, SIDE_BY_SIDE)


class TestAsABackboneWithCrossAttention(TestAsABackbone):
    def make(self) -> Backbone:
        inner = SASRec(CONTRACT_ITEMS, CONTRACT_WIDTH // 2, CONTRACT_LENGTH, layers=1, heads=2, dropout=0.1)
        return empty_dual_view(inner, CROSS)


def made(name: str, settings: ItemEmbeddingConfig) -> DualView:
    torch.manual_seed(0)
    more = {"positions": "start"} if name in ("sasrec", "linrec", "bert4rec") else {}
    backbone = make_backbone(BackboneConfig(name=name, dimension=8, **more), ITEMS, LENGTH)
    dual = with_item_vectors(backbone, settings, texts_of_kinds(ITEMS))
    for parameter in dual.parameters():
        torch.nn.init.normal_(parameter, std=0.4)
    assert isinstance(dual, DualView)
    return dual.eval()


def asked(attention: torch.nn.Module, asking: list[Tensor], others: list[Tensor], causal: bool) -> list[Tensor]:
    """softmax(Q K^T / sqrt(d)) V, a place at a time."""
    found = []
    for place, own in enumerate(asking):
        seen = others[: place + 1] if causal else others
        scores = torch.stack([linear(attention.query, own) @ linear(attention.key, other) for other in seen])
        share = torch.softmax(scores / len(own) ** 0.5, dim=0)
        found.append(sum(w * linear(attention.value, other) for w, other in zip(share, seen, strict=True)))
    return found


@pytest.mark.parametrize("name", BACKBONES)
@pytest.mark.parametrize("settings", [CROSS, SIDE_BY_SIDE], ids=["cross-attention", "concatenation"])
def test_scores_are_those_of_a_plain_reading(name: str, settings: ItemEmbeddingConfig) -> None:
    dual = made(name, settings)
    semantic, collaborative = dual.item_embedding.semantic, dual.item_embedding.collaborative
    for history in ([3], [1, 4, 2], [5, 5, 7, 0, 9, 2]):
        items = torch.tensor(history)
        views = [list(semantic(items)), list(collaborative(items))]
        if settings is CROSS:
            views = [
                asked(dual.collaborative_asks, views[1], views[0], dual.causal),
                asked(dual.semantic_asks, views[0], views[1], dual.causal),
            ]
        length = torch.tensor([len(history)])
        users = [dual.inner.encode_last(torch.stack(view)[None], length)[0] for view in views]
        tables = [dual.inner.scored(semantic.weight), dual.inner.scored(collaborative.weight)]
        expected = sum(table[:ITEMS] @ user for table, user in zip(tables, users, strict=True))
        found = dual.last_states(Rows(items, length))[0] @ dual.item_table.T
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)


def test_one_pass_gives_what_every_prefix_gives_alone() -> None:
    """No place sees what it is to predict: the cross-attention is as causal as the backbone."""
    dual = made("sasrec", CROSS)
    items = torch.tensor([5, 5, 7, 0, 9, 2])
    states = dual.states(Rows(items, torch.tensor([6])))
    for length in range(1, 7):
        alone = dual.last_states(Rows(items[:length], torch.tensor([length])))[0]
        torch.testing.assert_close(states[length - 1], alone, rtol=1e-4, atol=1e-5)


def test_the_scores_of_hstu_are_cosines_in_either_view() -> None:
    dual = made("hstu", SIDE_BY_SIDE)
    assert isinstance(dual.inner, HSTU)
    norms = dual.item_table.unflatten(1, (2, 8)).square().sum(dim=2)
    torch.testing.assert_close(norms, torch.full((ITEMS, 2), dual.inner.score_norm**2))


def test_a_backbone_whose_table_cannot_be_doubled_is_refused() -> None:
    class Own(SASRec):
        @property
        def scored_table(self) -> Tensor:
            return 2 * self.item_embedding.weight

    with pytest.raises(InputError, match="Own has a `scored_table` of its own"):
        with_item_vectors(Own(ITEMS, 8, LENGTH), CROSS, texts_of_kinds(ITEMS))
