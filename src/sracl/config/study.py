"""Section `study`: what `sracl study` compares."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, field_validator

from sracl.config.section import Section

Seed = Annotated[int, Field(ge=0)]

WEIGHTS = (0.01, 0.05, 0.1, 0.2, 0.5)
TEMPERATURES = (0.5, 1.0, 2.0)
GRIDS: dict[str, tuple[float, ...]] = {
    "semantics.neighbors": (1, 5, 10, 20),
    "objectives.cross_sequence.weight": WEIGHTS,
    "objectives.intra_sequence.weight": WEIGHTS,
    "objectives.intra_sequence.substitution": (0.1, 0.2, 0.3, 0.5),
    "objectives.cross_sequence.temperature": TEMPERATURES,
    "objectives.intra_sequence.temperature": TEMPERATURES,
}
"""Around the paper's values: k, alpha, beta, the rate of substitution, the temperatures."""


class StudyConfig(Section):
    """What `sracl study` compares. It has no part in any single run."""

    seeds: tuple[Seed, ...] = Field((0, 1, 2), min_length=1, description="every variant is run with each")
    backbones: tuple[str, ...] | None = Field(None, description="names, for `sracl study backbones`; null: all known")
    rivals: tuple[str, ...] | None = Field(None, description="for `sracl study rivals`, such as cl4srec; null: all")
    grids: dict[str, tuple[float, ...]] = Field(
        GRIDS, description="values of settings, varied one at a time by `sracl study sensitivity`"
    )

    @field_validator("grids", mode="before")
    @classmethod
    def _dotted(cls, grids: Any) -> Any:
        """Keys may be nested too, as they are elsewhere: so `-o study.grids.semantics.neighbors=[5]` works."""
        return _flat(grids) if isinstance(grids, Mapping) else grids


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in values.items():
        found |= _flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
    return found
