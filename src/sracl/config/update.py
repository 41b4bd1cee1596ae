"""Section `update`: how a trained model learns from what came later."""

from pydantic import Field

from sracl.config.section import Section


class UpdateConfig(Section):
    """Training that goes on from the model before.

    It begins nearer to its end than one from chance; but what is new needs as many epochs to settle, see
    docs/experiments.md.
    """

    epochs: int | None = Field(None, ge=1, description="at most, after `sracl update`; null: `training.epochs`")
    patience: int | None = Field(
        None, ge=1, description="epochs without a better validation MRR@10 before it stops; null: `training.patience`"
    )
