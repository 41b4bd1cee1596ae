"""Which column divides the items, and into what."""

import polars as pl
import pytest

from sracl.errors import InputError
from sracl.reporting.categories import NAMED, categories_of


def catalogue(**columns: list[str | None]) -> pl.DataFrame:
    rows = len(next(iter(columns.values())))
    return pl.DataFrame({"item_id": list(range(rows))} | columns)


def test_the_column_of_few_values_is_found_among_titles_and_sentences() -> None:
    titles = [f"thing number {n}" for n in range(12)]
    found = categories_of(catalogue(title=titles, kind=["soap", "soap", "razor"] * 4), None)
    assert found is not None
    assert found.column == "kind"
    assert found.names == ("soap", "razor")
    assert found.of.tolist() == [0, 0, 1] * 4


def test_an_item_belongs_to_its_most_frequent_part_that_is_not_everyones() -> None:
    paths = [
        "Beauty | Hair Care | Shampoos",
        "Beauty | Hair Care",
        "Beauty | Skin Care | Shampoos",
        "Beauty | Skin Care",
    ]
    found = categories_of(catalogue(path=[*paths, "Beauty | Hair Care"]), "path")
    assert found is not None
    assert found.names == ("Hair Care", "Skin Care")
    assert found.of.tolist() == [0, 0, 1, 1, 0]


def test_rare_and_missing_values_are_other() -> None:
    values = [f"kind {n}" for n in range(NAMED + 2) for _ in range(2)]
    found = categories_of(catalogue(kind=[*values, None]), None)
    assert found is not None
    assert len(found.names) == NAMED + 1
    assert found.names[-1] == "other"
    assert (found.of == NAMED).sum() == 5


def test_titles_alone_divide_nothing() -> None:
    assert categories_of(catalogue(title=[f"thing number {n}" for n in range(12)]), None) is None
    assert categories_of(pl.DataFrame({"item_id": [1, 2, 3]}), None) is None


def test_a_column_that_is_not_there_is_an_error() -> None:
    with pytest.raises(InputError, match=r"report\.category 'colour' is no column.*there are: kind"):
        categories_of(catalogue(kind=["a", "b"]), "colour")
