"""The template writer puts fields into a text, and nothing where there is nothing."""

import dataclasses

import polars as pl

from semantics.writers.contract import WriterContract
from sracl.datasets.splits import leave_one_out
from sracl.semantics.pool import prefix_pool
from sracl.semantics.writers import TemplateWriter
from support.small_semantics import small_dataset


class TestTemplateWriter(WriterContract):
    def make(self) -> TemplateWriter:
        return TemplateWriter()


def described(columns: tuple[str, ...], **fields: list[str | None]) -> list[str | None]:
    dataset = small_dataset()
    numbers = range(len(fields[columns[0]]))
    catalogue = pl.DataFrame({"item_id": numbers} | fields, schema_overrides=dict.fromkeys(fields, pl.String))
    dataset = dataclasses.replace(dataset, catalogue=catalogue, text_columns=columns)
    pool = prefix_pool(leave_one_out(dataset.histories), "strict", 4)
    return TemplateWriter().describe_items(dataset, pool)["text"].to_list()


def test_fields_come_in_the_columns_order_a_line_each() -> None:
    texts = described(("title", "brand"), brand=["Acme"], title=["Rose shampoo"])
    assert texts == ["title: Rose shampoo\nbrand: Acme"]


def test_null_and_blank_fields_are_left_out() -> None:
    texts = described(("title", "brand"), title=["Soap", None, "  ", " Gel "], brand=[None, "Acme", "\t", ""])
    assert texts == ["title: Soap", "brand: Acme", None, "title: Gel"]


def test_profiles_are_left_to_the_mean_of_the_items() -> None:
    dataset = small_dataset()
    pool = prefix_pool(leave_one_out(dataset.histories), "strict", 4)
    profiles = TemplateWriter().write_profiles(dataset, pool)
    assert profiles["text"].null_count() == len(pool)
