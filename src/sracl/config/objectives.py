"""Section `objectives`: what is learnt beside the next item."""

from typing import Literal

from pydantic import Field

from sracl.config.section import Section

Source = Literal["semantic", "learned", "random"]
"""Where neighbours come from: texts, the vectors of a trained plain backbone, or chance, anew every step."""


class CrossSequenceConfig(Section):
    """The cross-sequence loss; weight is alpha in the paper, and 0 switches it off."""

    weight: float = Field(0.1, ge=0, description="alpha; 0 switches the loss off")
    temperature: float = Field(1.0, gt=0, description="of its InfoNCE")
    dropout: float = Field(0.5, ge=0, lt=1, description="on the synthesis weights")
    neighbors: Source = Field(
        "semantic", description="by texts, by a trained plain backbone's vectors, or any, drawn every step"
    )
    synthesis: Literal["learned", "mean"] = Field("learned", description="weights of the neighbours")
    shared_rows: bool = Field(
        True, description="neighbours with the same beginning are read in one row, see docs/method.md"
    )


class IntraSequenceConfig(Section):
    """The intra-sequence loss; weight is beta in the paper, and 0 switches it off."""

    weight: float = Field(0.1, ge=0, description="beta; 0 switches the loss off")
    temperature: float = Field(1.0, gt=0, description="of its InfoNCE")
    substitution: float = Field(0.2, ge=0, le=1, description="probability of replacing an item by a neighbour")
    substitutes: Source = Field(
        "semantic", description="by texts, by a trained plain backbone's vectors, or any, drawn every step"
    )


class ObjectivesConfig(Section):
    """What is learnt beside the next item. anchors_per_row: prefixes of a row that contrast; null takes all."""

    cross_sequence: CrossSequenceConfig = CrossSequenceConfig()
    intra_sequence: IntraSequenceConfig = IntraSequenceConfig()
    anchors_per_row: int | None = Field(1, ge=1, description="prefixes of a row that contrast in a step; null: all")

    @property
    def contrastive(self) -> bool:
        """Whether any contrastive loss is switched on."""
        return self.cross_sequence.weight > 0 or self.intra_sequence.weight > 0

    @property
    def sources(self) -> set[Source]:
        """Where the neighbours of the losses that are switched on come from."""
        cross, intra = self.cross_sequence, self.intra_sequence
        switched = [(cross.weight, cross.neighbors), (intra.weight, intra.substitutes)]
        return {source for weight, source in switched if weight > 0}

    @property
    def semantic(self) -> bool:
        """Whether texts are needed. Random neighbours are weighted by their texts like others."""
        return bool(self.sources - {"learned"})

    @property
    def learned(self) -> bool:
        """Whether the plain backbone must be trained first, for neighbours by its vectors."""
        return "learned" in self.sources
