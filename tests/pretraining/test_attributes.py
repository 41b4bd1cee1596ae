"""Attributes are the shared values of chosen columns, and each item's come back as the columns say them."""

import polars as pl
import pytest
import torch

from sracl.datasets.dataset import Dataset
from sracl.errors import InputError
from sracl.pretraining.attributes import Attributes
from support.lists import flat

BRANDS = ("Acme", "Acme", None, "Zed", "acme ")
KINDS = ("soap | bath", "bath, soap", "soap;  soap |", "razor", None)


def dataset() -> Dataset:
    catalogue = pl.DataFrame({"item_id": list("abcde"), "brand": BRANDS, "kind": KINDS})
    return Dataset(pl.DataFrame({"user_id": [1]}), catalogue, flat([[0, 1, 2, 3, 4]]), ("brand", "kind"))


def of_each(attributes: Attributes) -> list[set[str]]:
    present = attributes.of_items(torch.arange(5))
    return [{name for name, has in zip(attributes.names, row, strict=True) if has} for row in present.tolist()]


def test_values_are_cut_at_every_separator_trimmed_and_kept_where_two_items_share_them() -> None:
    found = of_each(Attributes.of(dataset(), ["brand", "kind"], "|,;"))
    both = {"kind: bath", "kind: soap"}
    assert found == [both | {"brand: Acme"}, both | {"brand: Acme"}, {"kind: soap"}, set(), set()]


def test_without_separators_a_whole_value_is_one_attribute() -> None:
    assert of_each(Attributes.of(dataset(), ["brand"], "")) == [{"brand: Acme"}, {"brand: Acme"}, set(), set(), set()]


def test_items_may_be_asked_for_in_any_order_and_more_than_once() -> None:
    attributes = Attributes.of(dataset(), ["kind"], "|,;")
    items = torch.tensor([3, 0, 0, 2])
    assert torch.equal(attributes.of_items(items), attributes.of_items(torch.arange(5))[items])
    assert attributes.of_items(items[:0]).shape == (0, 2)


def test_no_column_gives_no_attribute() -> None:
    assert len(Attributes.of(dataset(), [], "|")) == 0
    assert Attributes.of(dataset(), [], "|").of_items(torch.tensor([1, 2])).shape == (2, 0)


def test_what_is_no_column_of_text_or_shared_by_nobody_is_named() -> None:
    with pytest.raises(InputError, match="'colour' is no text column of the items; there are: brand, kind"):
        Attributes.of(dataset(), ["brand", "colour"], "|")
    with pytest.raises(InputError, match="no value of kind is shared by two items"):
        Attributes.of(dataset(), ["kind"], "")
