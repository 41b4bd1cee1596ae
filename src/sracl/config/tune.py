"""Section `tune`: what `sracl tune` searches, and for how long."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from sracl.config.section import Section

Choice = bool | int | float | str | None
Choices = Annotated[tuple[Choice, ...], Field(min_length=1)]


class Range(Section):
    """Numbers from low to high, whole ones where both are; log: evenly over orders of magnitude; step: between them."""

    low: int | float
    high: int | float
    log: bool = False
    step: int | float | None = Field(None, gt=0)

    @model_validator(mode="after")
    def _possible(self) -> "Range":
        if self.low >= self.high:
            raise ValueError(f"low {self.low} must be below high {self.high}")
        if self.log and (self.low <= 0 or self.step is not None):
            raise ValueError("log needs a low above 0, and no step")
        return self


SPACE: dict[str, Range | Choices] = {
    "training.learning_rate": Range(low=0.0003, high=0.003, log=True),
    "backbone.dropout": Range(low=0.1, high=0.7, step=0.1),
    "objectives.*.weight": Range(low=0.01, high=0.5, log=True),
}


class TuneConfig(Section):
    """What `sracl tune` searches. It has no part in any single run. `objectives.*`: every loss that a method has."""

    methods: tuple[str, ...] = Field(("plain", "sracl"), min_length=1, description="each gets the whole budget")
    trials: int | None = Field(20, ge=1, description="of each method; null: no limit")
    minutes: float | None = Field(None, gt=0, description="of training, summed over a method's trials; null: no limit")
    pruner: Literal["median", "hyperband", "none"] = Field("median", description="what ends hopeless trials early")
    space: dict[str, Range | Choices] = Field(
        SPACE, description="by setting, values to choose from or a range: `{low, high, log, step}`"
    )

    @field_validator("space", mode="before")
    @classmethod
    def _dotted(cls, space: Any) -> Any:
        """Keys may be nested too, as they are elsewhere."""
        return _flat(space) if isinstance(space, Mapping) else space

    @model_validator(mode="after")
    def _limited(self) -> "TuneConfig":
        if self.trials is None and self.minutes is None:
            raise ValueError("give tune.trials or tune.minutes: without either the search never ends")
        return self


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in values.items():
        nested = isinstance(value, Mapping) and not {"low", "high"} & set(value)
        found |= _flat(value, f"{prefix}{key}.") if nested else {f"{prefix}{key}": value}
    return found
