"""What every writer must do. A test of a writer is a subclass with `make`."""

import polars as pl
import pytest

from sracl.datasets.dataset import Dataset
from sracl.datasets.prefixes import PrefixPool
from sracl.datasets.splits import leave_one_out
from sracl.semantics.index import items_in_order, profiles_in_order
from sracl.semantics.pool import prefix_pool
from sracl.semantics.writers import Writer
from support.small_semantics import small_dataset


class WriterContract:
    """A row an item and a prefix, by id, nothing blank, the same again."""

    def make(self) -> Writer:
        """A writer."""
        raise NotImplementedError

    @pytest.fixture
    def writer(self) -> Writer:
        return self.make()

    @pytest.fixture
    def dataset(self) -> Dataset:
        return small_dataset()

    @pytest.fixture
    def pool(self, dataset: Dataset) -> PrefixPool:
        return prefix_pool(leave_one_out(dataset.histories), "strict", 4)

    def test_every_item_has_a_row_by_its_own_id(self, writer: Writer, dataset: Dataset, pool: PrefixPool) -> None:
        table = items_in_order(writer.describe_items(dataset, pool), dataset)
        assert table.columns == ["item_id", "text", "source"]
        assert table["item_id"].equals(dataset.catalogue["item_id"])
        assert table.schema["text"] == pl.String
        assert table["source"].null_count() == 0

    def test_every_prefix_of_the_pool_has_a_row(self, writer: Writer, dataset: Dataset, pool: PrefixPool) -> None:
        table = profiles_in_order(writer.write_profiles(dataset, pool), dataset, pool)
        assert table.columns == ["user_id", "position", "text", "source"]
        assert table.height == len(pool)
        assert table.schema["position"] == pl.Int32

    def test_no_text_is_blank(self, writer: Writer, dataset: Dataset, pool: PrefixPool) -> None:
        for table in (writer.describe_items(dataset, pool), writer.write_profiles(dataset, pool)):
            assert (table["text"].drop_nulls().str.strip_chars().str.len_chars() > 0).all()

    def test_the_same_data_give_the_same_texts(self, writer: Writer, dataset: Dataset, pool: PrefixPool) -> None:
        assert writer.describe_items(dataset, pool).equals(writer.describe_items(dataset, pool))
        assert writer.write_profiles(dataset, pool).equals(writer.write_profiles(dataset, pool))
