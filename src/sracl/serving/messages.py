"""Requests and answers of the service, checked and bounded."""

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, StringConstraints, model_validator

from sracl.answers import Source
from sracl.serving.limits import (
    EXCLUDED_ITEMS,
    FILTER_FIELDS,
    FILTER_VALUES,
    HISTORY_ITEMS,
    ID_CHARACTERS,
    RESULTS,
)

Id = StrictInt | Annotated[StrictStr, StringConstraints(max_length=ID_CHARACTERS)]
"""Ids are text or whole numbers; 7 and "7" are the same id."""
Value = StrictInt | Annotated[StrictStr, StringConstraints(max_length=ID_CHARACTERS)]


class Message(BaseModel):
    """A message without keys that nobody knows."""

    model_config = ConfigDict(extra="forbid")


class RecommendationsRequest(Message):
    """Whom to recommend to: a known user, or anyone by what they had, oldest first."""

    user_id: Id | None = Field(None, description="a user of the data that the model was trained on")
    history: list[Id] | None = Field(
        None, max_length=HISTORY_ITEMS, description="item ids, oldest first; empty: the items most often chosen"
    )
    k: StrictInt = Field(10, ge=1, le=RESULTS, description="how many items, at most")
    exclude: list[Id] = Field(default_factory=list, max_length=EXCLUDED_ITEMS, description="items not to recommend")
    exclude_seen: bool = Field(False, description="do not recommend what the history holds")
    filters: dict[str, Value | list[Value]] = Field(
        default_factory=dict, description="item fields, each with a value or several of which one must hold"
    )
    model: str | None = Field(None, max_length=ID_CHARACTERS, description="which model, where several are served")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.user_id is None) == (self.history is None):
            raise ValueError("give either user_id or history")
        if len(self.filters) > FILTER_FIELDS:
            raise ValueError(f"give at most {FILTER_FIELDS} filters")
        if any(isinstance(values, list) and not 1 <= len(values) <= FILTER_VALUES for values in self.filters.values()):
            raise ValueError(f"give a filter 1 to {FILTER_VALUES} values")
        return self


class ExplanationRequest(Message):
    """A history whose recommendations are to be explained."""

    history: list[Id] = Field(min_length=1, max_length=HISTORY_ITEMS, description="item ids, oldest first")
    item_id: Id | None = Field(
        None, description="a recommended item to look for among what like-minded people had next"
    )
    k: StrictInt = Field(5, ge=1, le=50)
    model: str | None = Field(None, max_length=ID_CHARACTERS)


class ScoredItem(BaseModel):
    """An item with the model's score."""

    item_id: Any
    score: float
    title: str


class Recommendations(BaseModel):
    """The best items, best first. model: name and version of the model that answered.

    source: what ranked them, the model, or popularity, whose scores are numbers of interactions.
    """

    items: list[ScoredItem]
    model: str
    source: Source = Field("model", description="`popularity` where the history is empty")


class Item(BaseModel):
    """An item of the catalogue. fields: its text columns."""

    item_id: Any
    title: str
    fields: dict[str, Any]


class Items(BaseModel):
    """What a search found."""

    items: list[Item]


class NeighbouringHistory(BaseModel):
    """What a like-minded person had, oldest first, and had next; without any sign of who."""

    titles: list[str]
    next_title: str
    similarity: float
    has_item: bool


class ItemNeighbours(BaseModel):
    """An item of the history and the items that could stand in its place."""

    title: str
    neighbours: list[ScoredItem]


class Explanation(BaseModel):
    """What taught the model: histories like this one, and items like those in it."""

    histories: list[NeighbouringHistory]
    items: list[ItemNeighbours]
    model: str


class Problem(BaseModel):
    """What was wrong with a request."""

    detail: str
