"""Section `objectives`: what is learnt beside the next item."""

from typing import TYPE_CHECKING, Any

from pydantic import ConfigDict, Field, model_validator

from sracl.config.next_item import NextItemConfig
from sracl.config.section import Section

if TYPE_CHECKING:
    from sracl.objectives.context import Need
    from sracl.objectives.settings import ObjectiveSection


class ObjectivesConfig(Section):
    """What is learnt beside the next item: a section for every objective of `sracl.objectives.OBJECTIVES`.

    A section is checked against the objective's own parameters, and its defaults are filled in.
    """

    model_config = ConfigDict(extra="allow")

    next_item: NextItemConfig = Field(default_factory=NextItemConfig)
    anchors_per_row: int | None = Field(1, ge=1, description="prefixes of a row that contrast in a step; null: all")
    warm_up: int = Field(0, ge=0, description="epochs over which the contrastive weights grow to what they are")

    @model_validator(mode="before")
    @classmethod
    def _with_sections(cls, values: Any) -> Any:
        # PyTorch comes along with the objectives, which takes seconds: `sracl --help` should not wait for it.
        from sracl.objectives.settings import known_sections

        return known_sections(values, others=tuple(cls.model_fields))

    @property
    def sections(self) -> "dict[str, ObjectiveSection]":
        """Every objective's section, by name."""
        return dict(self.__pydantic_extra__ or {})

    @property
    def switched_on(self) -> "dict[str, ObjectiveSection]":
        """The sections whose weight is above 0."""
        return {name: section for name, section in self.sections.items() if section.weight > 0}

    @property
    def contrastive(self) -> bool:
        """Whether anything is learnt beside the next item."""
        return bool(self.switched_on)

    @property
    def semantic(self) -> bool:
        """Whether texts and their neighbours are needed."""
        return any("semantic" in needs for needs in self._needs.values())

    @property
    def learned(self) -> bool:
        """Whether the plain backbone must be trained first, for neighbours by its vectors."""
        return any("learned" in needs for needs in self._needs.values())

    def without_texts(self) -> "ObjectivesConfig":
        """The same for data without texts: whatever needs them is switched off."""
        off = {
            name: self.sections[name].model_copy(update={"weight": 0.0})
            for name, needs in self._needs.items()
            if "semantic" in needs
        }
        return self.model_copy(update=off)

    @property
    def _needs(self) -> "dict[str, frozenset[Need]]":
        from sracl.objectives import OBJECTIVES

        return {name: OBJECTIVES[name].needs(**section.settings) for name, section in self.switched_on.items()}
