"""Section `dataset`: where the data are and which rules they go through."""

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from sracl.config.cold_items import HeldOutItemsConfig
from sracl.config.section import Section
from sracl.config.split import SplitConfig


class ColumnsConfig(Section):
    """Names of the columns. time: epoch, ISO text, datetime or an order column; null takes the file's order."""

    user: str = Field("user_id", description="column of the interactions")
    item: str = Field("item_id", description="column of both tables")
    time: str | None = Field("timestamp", description="epoch, ISO text, dates or an order; null takes the rows' order")
    text: tuple[str, ...] | None = Field(None, description="columns of the items table; null takes all text columns")


class DatasetConfig(Section):
    """Where the data are: a known data set by `name`, or files of one's own."""

    name: str | None = Field(None, description="a name from `sracl datasets list`, instead of files")
    interactions: Path | None = Field(None, description="file of interactions")
    items: Path | None = Field(None, description="file of items with texts; without it the plain backbone is trained")
    columns: ColumnsConfig = ColumnsConfig()
    min_interactions: int = Field(5, ge=1, description="k-core: users and items with fewer are removed, iterated")
    repeats: Literal["keep", "first", "last"] = Field("keep", description="of the same item by the same user")
    max_length: int = Field(20, ge=2, description="most recent items of a history that the model reads")
    split: SplitConfig = SplitConfig()
    cold_items: HeldOutItemsConfig = HeldOutItemsConfig()

    @model_validator(mode="after")
    def _one_source(self) -> "DatasetConfig":
        if (self.name is None) == (self.interactions is None):
            raise ValueError("give either dataset.name or dataset.interactions")
        return self

    @model_validator(mode="after")
    def _one_order(self) -> "DatasetConfig":
        if self.cold_items.share and self.split.kind != "leave-one-out":
            raise ValueError("dataset.cold_items.share asks for users' last interactions: take leave-one-out with it")
        return self
