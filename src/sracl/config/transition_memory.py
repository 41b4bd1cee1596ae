"""Section `transition_memory`: what training saw follow what, beside the model's scores."""

from typing import Annotated, Literal

from pydantic import Field

from sracl.config.section import Section


class TransitionMemoryConfig(Section):
    """A memory of transitions beside the trained model, off by default; training does without it."""

    concentration: Annotated[float, Field(gt=0)] | Literal["auto"] | None = Field(
        None,
        description="transitions that the model counts for, such as 200; `auto`: by validation; null: no memory, see "
        "docs/transition_memory.md",
    )
    reach: int = Field(3, ge=1, description="how many places apart items are counted at most")
    decay: float = Field(0.5, gt=0, le=1, description="what a transition is worth for each place further apart")
