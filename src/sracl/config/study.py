"""Section `study`: what `sracl study` compares."""

from typing import Annotated

from pydantic import Field

from sracl.config.section import Section

Seed = Annotated[int, Field(ge=0)]


class StudyConfig(Section):
    """What `sracl study` compares. It has no part in any single run."""

    seeds: tuple[Seed, ...] = Field((0, 1, 2), min_length=1, description="every variant is run with each")
    backbones: tuple[str, ...] | None = Field(None, description="names, for `sracl study backbones`; null: all known")
