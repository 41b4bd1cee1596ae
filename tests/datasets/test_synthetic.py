"""Data by power laws have the sizes, exponents and categories asked for, and are the same for the same seed."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sracl.datasets.build import build_dataset
from sracl.datasets.synthetic import PowerLaws
from sracl.datasets.tables import Columns
from sracl.errors import InputError


@given(users=st.integers(1, 40), items=st.integers(1, 60), more=st.integers(0, 200), seed=st.integers(0, 5))
def test_sizes_are_those_asked_for(users: int, items: int, more: int, seed: int) -> None:
    laws = PowerLaws(users, items, 5 * users + more, seed=seed)
    table, described = laws.interaction_table(), laws.item_table()
    assert table.height == laws.interactions
    counts = table.group_by("user_id").len()
    assert counts.height == users
    assert counts["len"].min() >= 5
    assert described["item_id"].to_list() == list(range(items))
    assert described.null_count().sum_horizontal().item() == 0
    assert table["item_id"].is_in(described["item_id"].to_list()).all()
    assert table.select("user_id", "timestamp").is_unique().all()


def fitted(counts: np.ndarray) -> float:
    """The exponent of counts by rank, by least squares over the logarithms of the first hundred."""
    ranks, highest = np.arange(1, 101), np.sort(counts)[::-1][:100]
    return -float(np.polyfit(np.log(ranks), np.log(highest), 1)[0])


@pytest.mark.parametrize("exponent", [0.4, 0.9])
def test_exponents_are_those_asked_for(exponent: float) -> None:
    laws = PowerLaws(5_000, 5_000, 400_000, exponent, exponent, least=1, loyalty=0.0)
    table = laws.interaction_table()
    for column in ("user_id", "item_id"):
        assert fitted(np.bincount(table[column].to_numpy())) == pytest.approx(exponent, abs=0.08)


def test_a_loyal_user_chooses_within_one_category() -> None:
    laws = PowerLaws(200, 400, 4_000, loyalty=1.0)
    table = laws.interaction_table().with_columns(
        category=pl.col("item_id").replace_strict(dict(enumerate(laws.categories)))
    )
    assert table.group_by("user_id").agg(pl.col("category").n_unique())["category"].max() == 1


def test_equal_seeds_give_equal_tables_and_others_do_not() -> None:
    first, same, other = (PowerLaws(50, 80, 600, seed=seed) for seed in (1, 1, 2))
    assert first.interaction_table().equals(same.interaction_table())
    assert first.item_table().equals(same.item_table())
    assert not first.interaction_table().equals(other.interaction_table())
    assert not first.item_table().equals(other.item_table())


def test_prepare_takes_them() -> None:
    laws = PowerLaws(100, 60, 2_000)
    dataset, _ = build_dataset(laws.interaction_table(), laws.item_table(), Columns(), min_interactions=1)
    assert (dataset.user_count, len(dataset.histories.values)) == (100, 2_000)
    assert dataset.text_columns == ("title", "category")


@pytest.mark.parametrize("sizes", [(10, 5, 49), (0, 5, 100), (5, 0, 100)])
def test_what_cannot_be_is_refused(sizes: tuple[int, int, int]) -> None:
    with pytest.raises(InputError, match="too few"):
        PowerLaws(*sizes)
