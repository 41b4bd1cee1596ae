"""More items: known ones keep numbers, vectors and scores; the new ones are behind them."""

import numpy as np
import polars as pl
import pytest
import torch

from sracl.backbones import BACKBONES
from sracl.backbones.scorer import BackboneScorer
from sracl.cold_items.growing import with_catalogue_rows, with_item_vectors
from sracl.config import BackboneConfig, ItemEmbeddingConfig
from sracl.datasets.dataset import Dataset
from sracl.errors import InputError
from sracl.item_embeddings import fold
from sracl.item_embeddings import with_item_vectors as with_texts
from sracl.training.assembly import make_backbone
from support.batches import unit_vectors
from support.lists import flat

ITEMS, LENGTH = 9, 4


def backbones():
    for name in BACKBONES:
        torch.manual_seed(0)
        yield pytest.param(make_backbone(BackboneConfig(name=name, dimension=8), ITEMS, LENGTH).eval(), id=name)
    torch.manual_seed(0)
    plain = make_backbone(BackboneConfig(dimension=8), ITEMS, LENGTH)
    double = with_texts(plain, ItemEmbeddingConfig(kind="dual-view"), unit_vectors(ITEMS, 6))
    fold(double)
    yield pytest.param(double.eval(), id="dual-view")


@pytest.mark.parametrize("backbone", list(backbones()))
def test_known_items_score_as_before_and_a_copy_as_its_original(backbone) -> None:
    histories, users = flat([[0, 1, 2], [8], [3, 3, 4, 5, 6]]), np.arange(3)
    before = BackboneScorer(backbone).score(histories, users)
    table = backbone.item_embedding.weight.detach().numpy().copy()
    grown = with_item_vectors(backbone, table[[2, 7]])
    scores = BackboneScorer(grown).score(histories, users)
    torch.testing.assert_close(scores[:, :ITEMS], before, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(scores[:, ITEMS:], before[:, [2, 7]], atol=1e-5, rtol=1e-5)
    with_new = BackboneScorer(grown).score(flat([[0, 1, ITEMS], [ITEMS + 1, 4]]), users[:2])
    as_known = BackboneScorer(grown).score(flat([[0, 1, 2], [7, 4]]), users[:2])
    torch.testing.assert_close(with_new, as_known, atol=1e-5, rtol=1e-5)
    assert backbone.item_count == ITEMS
    assert len(backbone.item_embedding.weight) == ITEMS + 1
    assert not grown.item_embedding.weight[-1].any()


def dataset() -> Dataset:
    catalogue = pl.DataFrame({"item_id": [3, 5], "title": ["soap", None], "price": [1.5, 2.0]})
    return Dataset(pl.DataFrame({"user_id": ["u"]}), catalogue, flat([[0, 1]]), ("title",))


def test_new_rows_stand_behind_the_known_ones_with_the_columns_that_they_have() -> None:
    rows = pl.DataFrame({"colour": ["red", "blue"], "title": ["brush", "comb"], "item_id": ["9", "4"]})
    known = dataset()
    grown = with_catalogue_rows(known, rows)
    assert grown.catalogue.rows() == [(3, "soap", 1.5), (5, None, 2.0), (9, "brush", None), (4, "comb", None)]
    assert grown.catalogue.schema == dataset().catalogue.schema
    assert grown.item_numbers(pl.Series([4, 3])).tolist() == [3, 0]
    assert grown.histories is known.histories
    assert grown.popularity.tolist() == [1, 1, 0, 0]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ({"title": ["brush"]}, "need a column item_id; there are: title"),
        ({"item_id": ["x1"]}, r"1 new item id\(s\) are missing or no Int64, such as 'x1'"),
        ({"item_id": [7, None]}, "are missing"),
        ({"item_id": [7, 8, 7]}, "new item 7 is there more than once"),
        ({"item_id": [7, 5]}, r"1 new item id\(s\) are known already, such as 5; leave them out"),
    ],
)
def test_rows_that_do_not_fit_are_refused(rows: dict, told: str) -> None:
    with pytest.raises(InputError, match=told):
        with_catalogue_rows(dataset(), pl.DataFrame(rows))
