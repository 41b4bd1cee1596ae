"""Section `pretraining`: what the backbone learns before it learns the next item."""

from typing import Literal

from pydantic import Field

from sracl.config.section import Section


class PretrainingConfig(Section):
    """A stage of its own before training; its other settings are those of `training`, see docs/text_rivals.md."""

    kind: Literal["none", "s3rec"] = Field("none", description="`s3rec`: hidden items, attributes, segments")
    epochs: int = Field(50, ge=1, description="all of them: nothing is validated")
    masking: float = Field(0.2, ge=0, le=1, description="probability of hiding an item; a row's last always is")
    attributes: tuple[str, ...] = Field(
        (), description="text columns that hold attributes, such as [brand, categories]"
    )
    separators: str = Field("|,;", description="characters between the attributes of a column")
    scores: Literal["sigmoid", "product"] = Field(
        "sigmoid", description="f of the losses: sigmoid(a^T W b) as in the paper, or a^T W b"
    )
    masked_item: float = Field(1.0, ge=0, description="weight of finding a hidden item (MIP)")
    masked_attribute: float = Field(1.0, ge=0, description="weight of finding a hidden item's attributes (MAP)")
    associated_attribute: float = Field(0.2, ge=0, description="weight of finding an item's attributes (AAP)")
    segment: float = Field(0.5, ge=0, description="weight of telling a hidden segment from another (SP)")

    @property
    def switched_on(self) -> bool:
        """Whether there is anything to do."""
        return self.kind != "none"
