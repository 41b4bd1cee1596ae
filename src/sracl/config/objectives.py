"""Section `objectives`: what is learnt beside the next item."""

from pydantic import Field

from sracl.config.section import Section


class CrossSequenceConfig(Section):
    """The cross-sequence loss; weight is alpha in the paper, and 0 switches it off."""

    weight: float = Field(0.1, ge=0, description="alpha; 0 switches the loss off")
    temperature: float = Field(1.0, gt=0, description="of its InfoNCE")
    dropout: float = Field(0.5, ge=0, lt=1, description="on the synthesis weights")
    shared_rows: bool = Field(
        True, description="neighbours with the same beginning are read in one row, see docs/method.md"
    )


class IntraSequenceConfig(Section):
    """The intra-sequence loss; weight is beta in the paper, and 0 switches it off."""

    weight: float = Field(0.1, ge=0, description="beta; 0 switches the loss off")
    temperature: float = Field(1.0, gt=0, description="of its InfoNCE")
    substitution: float = Field(0.2, ge=0, le=1, description="probability of replacing an item by a neighbour")


class ObjectivesConfig(Section):
    """What is learnt beside the next item. anchors_per_row: prefixes of a row that contrast; null takes all."""

    cross_sequence: CrossSequenceConfig = CrossSequenceConfig()
    intra_sequence: IntraSequenceConfig = IntraSequenceConfig()
    anchors_per_row: int | None = Field(1, ge=1, description="prefixes of a row that contrast in a step; null: all")

    @property
    def contrastive(self) -> bool:
        """Whether any contrastive loss is switched on."""
        return self.cross_sequence.weight > 0 or self.intra_sequence.weight > 0
