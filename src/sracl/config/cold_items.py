"""Sections about items without interactions: which are held out to measure them, and how their vectors are made."""

from typing import Literal

from pydantic import Field

from sracl.config.section import Section


class HeldOutItemsConfig(Section):
    """Items that are taken out of the data, to be recommended all the same; share 0 takes none out."""

    share: float = Field(0.0, ge=0, lt=1, description="of all items, to be ranked at the end, see docs/cold_start.md")
    seed: int = Field(0, ge=0, description="draws them")


class ColdItemsConfig(Section):
    """How an item that no one has had gets a vector from its text."""

    method: Literal["neighbors", "regression"] = Field(
        "neighbors", description="a mean of like items' vectors, or a linear map of the text's embedding"
    )
    neighbors: int = Field(10, ge=1, description="like items that count")
    temperature: float = Field(0.1, gt=0, description="of the softmax over their cosines")
    regularization: float = Field(1.0, gt=0, description="of the ridge regression")
    category: str | None = Field(
        None, description="column whose popularity ranks held-out items beside it; of `a | b | c` the last part counts"
    )
