"""Section `update`: how a trained model learns from what came later."""

from pydantic import Field

from sracl.config.section import Section


class UpdateConfig(Section):
    """Training that goes on from the model before. It needs fewer epochs than one that begins from chance."""

    epochs: int = Field(30, ge=1, description="at most, after `sracl update`")
    patience: int = Field(3, ge=1, description="epochs without a better validation MRR@10 before it stops")
